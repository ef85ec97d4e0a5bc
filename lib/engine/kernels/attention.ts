/**
 * Scaled dot-product attention on packed queries, keys and values, in one dispatch, and its
 * gradient in two.
 *
 * The projection of a self-attention computes queries, keys and values side by side. The kernels read
 * them there and write their gradients in the same places, so that nothing is split, transposed or
 * joined.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { isTaped, toTensor } from "../tape.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { attentionCode, keyGradientCode, queryGradientCode } from "./attention_code.ts";
import type { AttentionShader, AttentionSizes } from "./attention_writer.ts";
import { runInto } from "./several.ts";

const NAME = "InklingAttention";

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** What the products of queries and keys are multiplied by. @default 1/√dim */
  readonly scale?: number;
}

/** What tfjs passes to the kernel. */
interface Attributes {
  readonly heads: number;
  readonly scale: number;
}

/**
 * `softmax(scale · q kᵀ) v` in each head, differentiable.
 *
 * Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>.
 *
 * @param qkv `(N, T, 3 · heads · dim)`: in each row the queries of all heads, then the keys, then the
 *   values, as PyTorch's `in_proj_weight` computes them.
 * @param heads Parts into which a row is cut, each with a softmax of its own.
 * @param options The scale.
 * @returns `(N, T, heads · dim)`.
 * @throws {RangeError} When the rows cannot be cut so.
 */
export function attention(qkv: Tensor, heads: number, options: AttentionOptions = {}): Tensor {
  const width = qkv.shape.at(-1)!;
  if (qkv.rank !== 3 || !Number.isInteger(heads) || heads < 1 || width % (3 * heads) !== 0) {
    throw new RangeError(
      `Cannot attend with ${heads} heads: the input must be (N, T, 3 · heads · dim), ` +
        `got (${qkv.shape.join(", ")})`,
    );
  }
  if (qkv.size === 0) return tf.slice(qkv, 0, [qkv.shape[0]!, qkv.shape[1]!, width / 3]);
  const attributes: Attributes = {
    heads,
    scale: options.scale ?? 1 / Math.sqrt(width / 3 / heads),
  };
  const [output, logSumExp] = tf.engine().runKernel(NAME, { qkv }, { ...attributes }) as Tensor[];
  // The tape has its own.
  logSumExp!.dispose();
  return output!;
}

/** What {@link attention} computes, in tfjs's operations. */
export function plainAttention(qkv: Tensor, heads: number, scale: number): Tensor {
  const [batch, tokens, width] = qkv.shape as [number, number, number];
  const cut = tf.reshape(qkv, [batch, tokens, 3, heads, -1]);
  const [q, k, v] = tf.unstack(tf.transpose(cut, [2, 0, 3, 1, 4])) as [Tensor, Tensor, Tensor];
  const probabilities = tf.softmax(tf.mul(tf.matMul(q, k, false, true), scale));
  const output = tf.transpose(tf.matMul(probabilities, v), [0, 2, 1, 3]);
  return tf.reshape(output, [batch, tokens, width / 3]);
}

function sizesOf(qkv: TensorInfo, { heads, scale }: Attributes): AttentionSizes {
  const [batch, tokens, width] = qkv.shape as [number, number, number];
  return { batch, tokens, heads, dim: width / 3 / heads, scale };
}

function dispatch(
  { shader, uniforms, blocks }: AttentionShader,
  inputs: TensorInfo[],
  outputs: TensorInfo[],
): void {
  runInto(shader, inputs, outputs, uniforms, blocks);
}

/** The kernel behind {@link attention}; a second output is what its gradient needs. */
export const attentionKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { qkv } = inputs as { qkv: TensorInfo };
    const sizes = sizesOf(qkv, attrs as unknown as Attributes);
    const { batch, tokens, heads, dim } = sizes;
    const backend = webgpuBackend();
    const output = backend.makeTensorInfo([batch, tokens, heads * dim], "float32");
    const logSumExp = backend.makeTensorInfo([batch, heads, tokens], "float32");
    dispatch(attentionCode(sizes), [qkv], [output, logSumExp]);
    return [output, logSumExp];
  },
};

/** The gradient of {@link attentionKernel}. */
export const attentionGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["qkv"],
  outputsToSave: [true, true],
  gradFunc: (dy, saved, attrs) => {
    const [qkv, output, logSumExp] = saved as [Tensor, Tensor, Tensor];
    const [g] = dy as Tensor[];
    const attributes = attrs as unknown as Attributes;
    return {
      qkv: () => {
        if (isTaped()) {
          const { heads, scale } = attributes;
          return tf.grad((x: Tensor) => plainAttention(x, heads, scale))(qkv, g);
        }
        return fusedGradient(g!, qkv, output, logSumExp, sizesOf(qkv, attributes));
      },
    };
  },
};

function fusedGradient(
  g: Tensor,
  qkv: Tensor,
  output: Tensor,
  logSumExp: Tensor,
  sizes: AttentionSizes,
): Tensor {
  const backend = webgpuBackend();
  const gradient = backend.makeTensorInfo(qkv.shape, "float32");
  const delta = toTensor(backend.makeTensorInfo(logSumExp.shape, "float32"));
  dispatch(queryGradientCode(sizes), [qkv, output, g, logSumExp], [gradient, delta]);
  dispatch(keyGradientCode(sizes), [qkv, g, logSumExp, delta], [gradient]);
  return toTensor(gradient);
}
