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
import { isTaped, unwritten } from "../tape.ts";
import { lanes } from "./lanes.ts";
import { runInto } from "./several.ts";

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

/** How a shader sees the tensors: four channels together where their number allows it. */
function layoutOf({ shape }: TensorInfo) {
  const [samples, tokens, channels] = shape as [number, number, number];
  const components = channels % 4 === 0 ? 4 : 1;
  const columns = channels / components;
  return { type: components === 4 ? "vec4<f32>" : "f32", samples, tokens, columns };
}

/** The kernel behind {@link modulate}. */
export const modulateKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs }) => {
    const { x, shift, scale } = inputs as unknown as Record<"x" | "shift" | "scale", TensorInfo>;
    const { type, samples, tokens, columns } = layoutOf(x);
    const result = webgpuBackend().makeTensorInfo([...x.shape], "float32");
    const elements = samples * tokens * columns;
    runInto(
      {
        key: `modulate_${type}_${columns}`,
        inputs: { x: type, shift: type, scale: type },
        outputs: { result: type },
        uniforms: ["elements", "perSample"],
        code: `fn main(block : i32) {
      let i = block * ${lanes()} + i32(localId.x);
      if (i >= uniforms.elements) { return; }
      let column = i / uniforms.perSample * ${columns} + i % ${columns};
      result[i] = x[i] * (1.0 + scale[column]) + shift[column];
    }`,
      },
      [x, shift, scale],
      [result],
      [elements, tokens * columns],
      Math.ceil(elements / lanes()),
    );
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
  let written = false;
  const once = (gradient: Tensor) => () => {
    if (!written) writeGradients(d, x, scale, [dx, dshift, dscale]);
    written = true;
    return gradient;
  };
  return { x: once(dx), shift: once(dshift), scale: once(dscale) };
}

/** Each invocation walks over the tokens of a sample for one element of the channels. */
function writeGradients(d: Tensor, x: Tensor, scale: Tensor, results: readonly Tensor[]): void {
  const { type, samples, tokens, columns } = layoutOf(x);
  runInto(
    {
      key: `modulate_grad_${type}_${columns}`,
      inputs: { d: type, x: type, scale: type },
      outputs: { dx: type, dshift: type, dscale: type },
      uniforms: ["items", "tokens"],
      code: `fn main(block : i32) {
      let item = block * ${lanes()} + i32(localId.x);
      if (item >= uniforms.items) { return; }
      let factor = 1.0 + scale[item];
      var sum = ${type}(0.0);
      var product = ${type}(0.0);
      let first = item / ${columns} * uniforms.tokens * ${columns} + item % ${columns};
      for (var t = 0; t < uniforms.tokens; t++) {
        let at = first + t * ${columns};
        let v = d[at];
        sum += v;
        product += v * x[at];
        dx[at] = v * factor;
      }
      dshift[item] = sum;
      dscale[item] = product;
    }`,
    },
    [d, x, scale],
    results,
    [samples * columns, tokens],
    Math.ceil(samples * columns / lanes()),
  );
}
