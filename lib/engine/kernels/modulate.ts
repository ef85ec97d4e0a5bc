/**
 * Modulating tokens, `x · (1 + scale) + shift`, in one dispatch, and the gradients in one.
 *
 * All gradients come from one walk over the tokens: `dx = (1 + scale) · d`, `dshift = Σ d`,
 * `dscale = Σ d · x`. Where a normalisation without weights comes before it, `modulatedLayerNorm()`
 * does both at once.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { isTaped, unwritten, writtenTogether } from "../tape.ts";
import { runPerToken, walkTokens } from "./per_sample.ts";

const NAME = "InklingModulate";

/**
 * `x · (1 + scale) + shift`, where every sample has a shift and a scale of its own that all its
 * tokens share, differentiable.
 *
 * Reference: Perez et al. 2018 (FiLM), <https://arxiv.org/abs/1709.07871>, with the scale counted
 * from 1 as in Peebles & Xie 2023, <https://arxiv.org/abs/2212.09748>.
 *
 * @param x `(N, T, D)`.
 * @param shift `(N, D)`.
 * @param scale `(N, D)`.
 * @returns `(N, T, D)`.
 * @throws {RangeError} When the shapes do not fit.
 */
export function modulate(x: Tensor, shift: Tensor, scale: Tensor): Tensor {
  const [samples, , channels] = x.shape;
  for (const { shape } of [shift, scale]) {
    if (x.rank !== 3 || !tf.util.arraysEqual(shape, [samples!, channels!])) {
      throw new RangeError(
        "Cannot modulate: x must be (N, T, D), shift and scale (N, D), " +
          `got (${x.shape}), (${shift.shape}) and (${scale.shape})`,
      );
    }
  }
  if (x.size === 0) return tf.clone(x);
  return tf.engine().runKernel(NAME, { x, shift, scale }) as Tensor;
}

/** The kernel behind {@link modulate}. */
export const modulateKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs }) => {
    const { x, shift, scale } = inputs as unknown as Record<"x" | "shift" | "scale", TensorInfo>;
    const result = webgpuBackend().makeTensorInfo([...x.shape], "float32");
    runPerToken({
      key: "modulate",
      inputs: { x, shift, scale },
      outputs: { result },
      code: "result[at] = x[at] * (1.0 + scale[own]) + shift[own];",
    }, x.shape);
    return result;
  },
};

/** The gradient of {@link modulateKernel}. */
export const modulateGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x", "scale"],
  gradFunc: (dy, saved) => {
    const [x, scale] = saved as [Tensor, Tensor];
    const d = dy as Tensor;
    return { ...isTaped() ? plainGradients(d, x, scale) : fusedGradients(d, x, scale) };
  },
};

/** Gradients by input, computed when they are asked for. */
type Gradients = Record<"x" | "shift" | "scale", () => Tensor>;

function plainGradients(d: Tensor, x: Tensor, scale: Tensor): Gradients {
  return {
    x: () => tf.mul(d, tf.expandDims(tf.add(scale, 1), 1)),
    shift: () => tf.sum(d, 1),
    scale: () => tf.sum(tf.mul(d, x), 1),
  };
}

function fusedGradients(d: Tensor, x: Tensor, scale: Tensor): Gradients {
  const [dx, dshift, dscale] = [unwritten(x.shape), unwritten(scale.shape), unwritten(scale.shape)];
  return writtenTogether({ x: dx, shift: dshift, scale: dscale }, () =>
    walkTokens({
      key: "modulate_grad",
      inputs: { d, x, scale },
      outputs: { dx, dshift, dscale },
      before: `let factor = 1.0 + scale[own];
      var sum = Element(0.0);
      var product = Element(0.0);`,
      each: `let v = d[at];
        sum += v;
        product += v * x[at];
        dx[at] = v * factor;`,
      after: `dshift[own] = sum;
      dscale[own] = product;`,
    }, x.shape));
}
