/** Sinusoids of the time, from a table. @module */

import { tf } from "../deps.ts";
import { Module, Parameter } from "../nn/module.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Row `t` of a frozen table: `sin(t ωᵢ)` in column `2i` and `cos(t ωᵢ)` in column `2i + 1`, with
 * `ωᵢ = 10000^(−2i/dim)`.
 *
 * The table is saved, as that of PyTorch's `nn.Embedding`, but not trained.
 *
 * Reference: Vaswani et al. 2017, section 3.5, <https://arxiv.org/abs/1706.03762>.
 */
export class SinusoidTable extends Module {
  /** `(timesteps, dim)`. */
  readonly weight: Parameter;

  /**
   * Computes the table.
   *
   * @param timesteps Rows: times are from 0 to `timesteps − 1`.
   * @param dim Columns.
   */
  constructor(timesteps: number, dim: number) {
    super();
    const values = Float32Array.from({ length: timesteps * dim }, (_, i) => {
      const [t, column] = [Math.floor(i / dim), i % dim];
      const angle = t * 10000 ** (-2 * Math.floor(column / 2) / dim);
      return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    });
    this.weight = new Parameter(values, [timesteps, dim], undefined, false);
  }

  /** Times `(N)`, whole numbers, to `(N, dim)`. */
  override forward(t: Tensor): Tensor {
    return tf.gather(this.weight.variable as Tensor, tf.cast(t, "int32"));
  }
}
