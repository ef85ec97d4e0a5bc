/** Layer normalisation. @module */

import { tf } from "../deps.ts";
import { layerNorm } from "../engine/kernels/layer_norm.ts";
import { type Layout, Module, Parameter } from "./module.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance. @default 1e-5 */
  readonly eps?: number;
  /** Whether to learn a weight and a bias for each normalised value. @default true */
  readonly elementwiseAffine?: boolean;
}

/**
 * `y = (x − mean) / √(variance + eps) · weight + bias`, with mean and (biased) variance over the last
 * axes of each sample or token.
 *
 * The weight of a normalised image is `(H, W, C)` on the GPU and `(C, H, W)` in checkpoints.
 *
 * Reference: Ba, Kiros & Hinton 2016, <https://arxiv.org/abs/1607.06450>.
 */
export class LayerNorm extends Module {
  /** Ones at first. */
  readonly weight?: Parameter;
  /** Zeros at first. */
  readonly bias?: Parameter;
  readonly #shape: readonly number[];
  readonly #size: number;
  readonly #eps: number;

  /**
   * A layer that leaves normalised values as they are until it is trained.
   *
   * @param normalizedShape What is normalised together: `D` for the last axis of `(N, D)` or
   *   `(N, T, D)`; PyTorch's `[C, H, W]` for all of each image of `(N, H, W, C)`.
   * @param options eps and whether there are weights.
   */
  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    super();
    const { eps = 1e-5, elementwiseAffine = true } = options;
    const shape = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
    const [channels, height, width] = shape;
    this.#shape = shape.length === 3 ? [height!, width!, channels!] : shape;
    this.#size = tf.util.sizeFromShape([...shape]);
    this.#eps = eps;
    if (!elementwiseAffine) return;
    const layout: Layout = {
      view: this.#shape,
      order: shape.length === 3 ? [2, 0, 1] : shape.map((_, axis) => axis),
      shape,
    };
    this.weight = new Parameter(new Float32Array(this.#size).fill(1), this.#shape, layout);
    this.bias = new Parameter(new Float32Array(this.#size), this.#shape, layout);
  }

  /**
   * `(N, …, D)` or `(N, H, W, C)` to the same shape.
   *
   * @throws {RangeError} When the last axes of `x` are not of the normalised shape.
   */
  forward(x: Tensor): Tensor {
    const from = x.rank - this.#shape.length;
    if (from < 0 || x.shape.slice(from).join() !== this.#shape.join()) {
      throw new RangeError(
        `Cannot normalise: the last axes must be (${this.#shape.join(", ")}), ` +
          `got an input of shape (${x.shape.join(", ")})`,
      );
    }
    const rows = tf.reshape(x, [...x.shape.slice(0, from), this.#size]);
    const y = layerNorm(rows, this.weight?.variable, this.bias?.variable, this.#eps);
    return tf.reshape(y, x.shape);
  }
}
