/**
 * The beginning of a Vision Transformer: a class token before the patches, and positions added to
 * all, in one dispatch, and its three gradients in one.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { isTaped, unwritten } from "../tape.ts";
import { runInto, type Shader } from "./several.ts";

const NAME = "InklingClassToken";
const LANES = 64;

/**
 * `concat(token, patches) + positions`, differentiable once.
 *
 * @param patches `(N, T, D)`.
 * @param token `(D)`.
 * @param positions `(T + 1, D)`.
 * @returns `(N, T + 1, D)`.
 */
export function withClassToken(patches: Tensor, token: Tensor, positions: Tensor): Tensor {
  return tf.engine().runKernel(NAME, { patches, token, positions }) as Tensor;
}

const forward: Shader = {
  key: "class_token",
  inputs: { patches: "f32", token: "f32", positions: "f32" },
  outputs: { result: "f32" },
  uniforms: ["total", "image", "width"],
  lanes: LANES,
  code: `fn main(block : i32) {
    let i = block * ${LANES} + i32(localId.x);
    if (i >= uniforms.total) { return; }
    let at = i % uniforms.image;
    if (at < uniforms.width) {
      result[i] = token[at] + positions[at];
    } else {
      let before = (i / uniforms.image + 1) * uniforms.width;
      result[i] = patches[i - before] + positions[at];
    }
  }`,
};

/** Each invocation sums one place over all images, in their order, and copies as it goes. */
const backward: Shader = {
  key: "class_token_gradient",
  inputs: { dy: "f32" },
  outputs: { patches: "f32", token: "f32", positions: "f32" },
  uniforms: ["count", "image", "width"],
  lanes: LANES,
  code: `fn main(block : i32) {
    let at = block * ${LANES} + i32(localId.x);
    if (at >= uniforms.image) { return; }
    var sum = 0.0;
    for (var n = 0; n < uniforms.count; n++) {
      let value = dy[n * uniforms.image + at];
      sum += value;
      if (at >= uniforms.width) {
        patches[n * uniforms.image + at - (n + 1) * uniforms.width] = value;
      }
    }
    positions[at] = sum;
    if (at < uniforms.width) { token[at] = sum; }
  }`,
};

/** The kernel behind {@link withClassToken}. */
export const classTokenKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs }) => {
    const { patches, token, positions } = inputs as unknown as Record<string, TensorInfo>;
    const [count, tokens, width] = patches!.shape as [number, number, number];
    const result = webgpuBackend().makeTensorInfo([count, tokens + 1, width], "float32");
    const image = (tokens + 1) * width;
    const total = count * image;
    const blocks = Math.ceil(total / LANES);
    runInto(forward, [patches!, token!, positions!], [result], [total, image, width], blocks);
    return result;
  },
};

/** The gradient of {@link classTokenKernel}. */
export const classTokenGradient: tf.GradConfig = {
  kernelName: NAME,
  gradFunc: (dy) => {
    if (isTaped()) throw new RangeError("Cannot differentiate a class token twice");
    const [count, rows, width] = (dy as Tensor).shape as [number, number, number];
    const results = {
      patches: unwritten([count, rows - 1, width]),
      token: unwritten([width]),
      positions: unwritten([rows, width]),
    };
    const outputs = [results.patches, results.token, results.positions];
    const image = rows * width;
    runInto(backward, [dy as Tensor], outputs, [count, image, width], Math.ceil(image / LANES));
    return {
      patches: () => results.patches,
      token: () => results.token,
      positions: () => results.positions,
    };
  },
};
