/** Self-attention with several heads. @module */

import { tf } from "../deps.ts";
import { attention } from "../engine/kernels/attention.ts";
import { linear } from "../engine/kernels/linear.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { xavierUniform } from "./init.ts";
import { Linear } from "./linear.ts";
import { Module, Parameter } from "./module.ts";

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** Where the initial weights come from. */
  readonly random: Random;
}

/**
 * `MultiheadAttention(x, x, x)` of PyTorch with `batch_first`: queries, keys and values are three
 * projections of the same rows; each head attends on its own; a linear layer mixes what they found.
 *
 * Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>.
 */
export class MultiheadAttention extends Module {
  /** To queries, keys and values, `(E, 3E)`; `(3E, E)` in checkpoints. */
  readonly in_proj_weight: Parameter;
  /** `(3E)`, zeros at first. */
  readonly in_proj_bias: Parameter;
  /** Mixes the heads; its bias is zero at first. */
  readonly out_proj: Linear;
  readonly #heads: number;

  /**
   * A layer with fresh weights.
   *
   * @param embedDim Values of a row, `E`.
   * @param numHeads Heads, which share the values out among them.
   * @param options Where weights come from.
   * @throws {RangeError} When the values cannot be shared out evenly.
   */
  constructor(embedDim: number, numHeads: number, { random }: MultiheadAttentionOptions) {
    super();
    if (!Number.isInteger(numHeads) || numHeads < 1 || embedDim % numHeads !== 0) {
      throw new RangeError(
        `Cannot attend: ${embedDim} values must be shared out evenly among the heads, ` +
          `got ${numHeads} heads`,
      );
    }
    const width = 3 * embedDim;
    this.in_proj_weight = new Parameter(
      xavierUniform(embedDim * width, embedDim, width, random),
      [embedDim, width],
      { view: [embedDim, width], order: [1, 0], shape: [width, embedDim] },
    );
    this.in_proj_bias = new Parameter(new Float32Array(width), [width]);
    this.out_proj = new Linear(embedDim, embedDim, { random, zeroBias: true });
    this.#heads = numHeads;
  }

  /** `(N, T, E)` to the same shape. */
  forward(x: Tensor): Tensor {
    const [count, tokens, width] = x.shape as [number, number, number];
    const rows = tf.reshape(x, [count * tokens, width]);
    const projected = linear(rows, this.in_proj_weight.variable, this.in_proj_bias.variable);
    const qkv = tf.reshape(projected, [count, tokens, 3 * width]); //           (N, T, 3E)
    const mixed = attention(qkv, this.#heads); //                               (N, T, E)
    const output = this.out_proj.forward(tf.reshape(mixed, [count * tokens, width]));
    return tf.reshape(output, x.shape); //                                      (N, T, E)
  }
}
