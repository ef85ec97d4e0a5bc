/** Self-attention with several heads. @module */

import { tf } from "../deps.ts";
import { attention } from "../engine/kernels/attention.ts";
import { linear } from "../engine/kernels/linear.ts";
import type { Random } from "../random.ts";
import { xavierUniform } from "./init_xavier.ts";
import { Linear } from "./linear.ts";
import { Module, Parameter } from "./module.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** Where the initial weights come from. */
  readonly random: Random;
  /** Whether the projections add a bias. @default true */
  readonly bias?: boolean;
}

/**
 * Self-attention: `(N, T, embedDim)` to the same shape, in three dispatches.
 *
 * PyTorch's `nn.MultiheadAttention` with `batch_first=True` and one input as query, key and value.
 * Parameters have its names, and its initial values: Xavier for the projection to queries, keys and
 * values, the linear layer's default for the other, 0 for both biases. The first weight is
 * `(E, 3E)` on the GPU and `(3E, E)` in checkpoints.
 *
 * Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>.
 */
export class MultiheadAttention extends Module {
  /** To queries, keys and values: `(E, 3E)`. */
  readonly in_proj_weight: Parameter;
  /** `(3E)`. */
  readonly in_proj_bias?: Parameter;
  /** From the heads' outputs side by side. */
  readonly out_proj: Linear;
  readonly #heads: number;

  /**
   * A layer with fresh weights.
   *
   * @param embedDim Values per row, `E`.
   * @param numHeads Parts into which a row is cut; divides `embedDim`.
   * @param options Where weights come from, and whether there are biases.
   * @throws {RangeError} When the heads do not divide the row.
   */
  constructor(
    embedDim: number,
    numHeads: number,
    { random, bias = true }: MultiheadAttentionOptions,
  ) {
    super();
    if (!(Number.isInteger(numHeads) && numHeads > 0 && embedDim % numHeads === 0)) {
      throw new RangeError(
        `Cannot build the attention: its heads must divide ${embedDim} values, got ${numHeads}`,
      );
    }
    const packed = 3 * embedDim;
    this.in_proj_weight = new Parameter(
      xavierUniform(embedDim, packed, random),
      [embedDim, packed],
      { view: [embedDim, packed], order: [1, 0], shape: [packed, embedDim] },
    );
    if (bias) this.in_proj_bias = new Parameter(new Float32Array(packed), [packed]);
    this.out_proj = new Linear(embedDim, embedDim, { random, bias });
    this.out_proj.bias?.write(new Float32Array(embedDim));
    this.#heads = numHeads;
  }

  /** `(N, T, E)` to `(N, T, E)`. */
  forward(x: Tensor): Tensor {
    const [batch, tokens, width] = x.shape as [number, number, number];
    const rows = tf.reshape(x, [batch * tokens, width]);
    const weight = this.in_proj_weight.variable;
    const projected = this.in_proj_bias
      ? linear(rows, weight, this.in_proj_bias.variable)
      : tf.matMul(rows, weight);
    const qkv = tf.reshape(projected, [batch, tokens, 3 * width]);
    const heads = tf.reshape(attention(qkv, this.#heads), [batch * tokens, width]);
    return tf.reshape(this.out_proj.forward(heads), [batch, tokens, width]);
  }
}
