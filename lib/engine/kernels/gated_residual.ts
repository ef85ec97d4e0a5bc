/**
 * A residual connection with a gate, `x + gate · y`, in one dispatch, and its gradients in one.
 *
 * The gradient of `x` is that of the output, the same buffer. Those of `y` and of the gate come from
 * one walk over the tokens: `dy = gate · d`, `dgate = Σ d · y`.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { isTaped, unwritten } from "../tape.ts";
import { webgpuBackend } from "../program.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { lanes } from "./lanes.ts";
import { runInto } from "./several.ts";

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

/** How a shader sees the tensors: four channels together where their number allows it. */
function layoutOf({ shape }: TensorInfo) {
  const [samples, tokens, channels] = shape as [number, number, number];
  const components = channels % 4 === 0 ? 4 : 1;
  const columns = channels / components;
  return { type: components === 4 ? "vec4<f32>" : "f32", samples, tokens, columns };
}

/** The kernel behind {@link gatedResidual}. */
export const gatedResidualKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs }) => {
    const { x, gate, y } = inputs as unknown as Record<"x" | "gate" | "y", TensorInfo>;
    const { type, samples, tokens, columns } = layoutOf(x);
    const result = webgpuBackend().makeTensorInfo([...x.shape], "float32");
    const elements = samples * tokens * columns;
    runInto(
      {
        key: `gated_residual_${type}_${columns}`,
        inputs: { x: type, gate: type, y: type },
        outputs: { result: type },
        uniforms: ["elements", "perSample"],
        code: `fn main(block : i32) {
      let i = block * ${lanes()} + i32(localId.x);
      if (i >= uniforms.elements) { return; }
      let column = i / uniforms.perSample * ${columns} + i % ${columns};
      result[i] = x[i] + gate[column] * y[i];
    }`,
      },
      [x, gate, y],
      [result],
      [elements, tokens * columns],
      Math.ceil(elements / lanes()),
    );
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
  let written = false;
  const writeOnce = () => {
    if (!written) writeGradients(d, gate, y, dgate, dy);
    written = true;
  };
  return {
    gate: () => {
      writeOnce();
      return dgate;
    },
    y: () => {
      writeOnce();
      return dy;
    },
  };
}

/** Each invocation walks over the tokens of a sample for one element of the channels. */
function writeGradients(d: Tensor, gate: Tensor, y: Tensor, dgate: Tensor, dy: Tensor): void {
  const { type, samples, tokens, columns } = layoutOf(y);
  runInto(
    {
      key: `gated_residual_grad_${type}_${columns}`,
      inputs: { d: type, gate: type, y: type },
      outputs: { dgate: type, dy: type },
      uniforms: ["items", "tokens"],
      code: `fn main(block : i32) {
      let item = block * ${lanes()} + i32(localId.x);
      if (item >= uniforms.items) { return; }
      let factor = gate[item];
      var sum = ${type}(0.0);
      let first = item / ${columns} * uniforms.tokens * ${columns} + item % ${columns};
      for (var t = 0; t < uniforms.tokens; t++) {
        let at = first + t * ${columns};
        let v = d[at];
        sum += v * y[at];
        dy[at] = v * factor;
      }
      dgate[item] = sum;
    }`,
    },
    [d, gate, y],
    [dgate, dy],
    [samples * columns, tokens],
    Math.ceil(samples * columns / lanes()),
  );
}
