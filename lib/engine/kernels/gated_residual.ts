/**
 * A residual connection with a gate, `x + gate · y`, in one dispatch, and its gradients in one.
 *
 * The gradient of `x` is that of the output, the same buffer. Those of `y` and of the gate come from
 * one walk over the tokens: `dy = gate · d`, `dgate = Σ d · y`.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { isTaped, unwritten, writtenTogether } from "../tape.ts";
import { webgpuBackend } from "../program.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { runPerToken, walkTokens } from "./per_sample.ts";

const NAME = "InklingGatedResidual";

/**
 * `x + gate · y`, where every sample has a gate of its own that all its tokens share (adaLN-Zero),
 * differentiable.
 *
 * Reference: Peebles & Xie 2023, <https://arxiv.org/abs/2212.09748>.
 *
 * @param x `(N, T, D)`.
 * @param gate `(N, D)`.
 * @param y `(N, T, D)`.
 * @returns `(N, T, D)`.
 * @throws {RangeError} When the shapes do not fit.
 */
export function gatedResidual(x: Tensor, gate: Tensor, y: Tensor): Tensor {
  const [samples, , channels] = x.shape;
  const fits = x.rank === 3 && tf.util.arraysEqual(x.shape, y.shape) &&
    tf.util.arraysEqual(gate.shape, [samples!, channels!]);
  if (!fits) {
    throw new RangeError(
      "Cannot add a gated branch: x and y must be (N, T, D), the gate (N, D), " +
        `got (${x.shape}), (${y.shape}) and (${gate.shape})`,
    );
  }
  if (x.size === 0) return tf.clone(x);
  return tf.engine().runKernel(NAME, { x, gate, y }) as Tensor;
}

/** The kernel behind {@link gatedResidual}. */
export const gatedResidualKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs }) => {
    const { x, gate, y } = inputs as unknown as Record<"x" | "gate" | "y", TensorInfo>;
    const result = webgpuBackend().makeTensorInfo([...x.shape], "float32");
    runPerToken({
      key: "gated_residual",
      inputs: { x, gate, y },
      outputs: { result },
      code: "result[at] = x[at] + gate[own] * y[at];",
    }, x.shape);
    return result;
  },
};

/** The gradient of {@link gatedResidualKernel}. */
export const gatedResidualGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["gate", "y"],
  gradFunc: (dy, saved) => {
    const [gate, y] = saved as [Tensor, Tensor];
    const d = dy as Tensor;
    return {
      x: () => tf.clone(d),
      ...isTaped() ? plainGradients(d, gate, y) : fusedGradients(d, gate, y),
    };
  },
};

/** Gradients by input, computed when they are asked for. */
type Gradients = Record<"gate" | "y", () => Tensor>;

function plainGradients(d: Tensor, gate: Tensor, y: Tensor): Gradients {
  return {
    gate: () => tf.sum(tf.mul(d, y), 1),
    y: () => tf.mul(d, tf.expandDims(gate, 1)),
  };
}

function fusedGradients(d: Tensor, gate: Tensor, y: Tensor): Gradients {
  const [dgate, dy] = [unwritten(gate.shape), unwritten(y.shape)];
  return writtenTogether({ gate: dgate, y: dy }, () =>
    walkTokens({
      key: "gated_residual_grad",
      inputs: { d, gate, y },
      outputs: { dgate, dy },
      before: `let factor = gate[own];
      var sum = Element(0.0);`,
      each: `let v = d[at];
        sum += v * y[at];
        dy[at] = v * factor;`,
      after: "dgate[own] = sum;",
    }, y.shape));
}
