/** The transposed convolution layer. @module */

import { tf } from "../deps.ts";
import { convTranspose2d, convTranspose2dPlain } from "../engine/kernels/conv_transpose2d.ts";
import type { Activation } from "../engine/kernels/linear.ts";
import type { Random } from "../random.ts";
import { uniformFanIn } from "./init.ts";
import { Module, Parameter } from "./module.ts";
import type { Tensor, Tensor4D } from "../tensor.ts";

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dOptions {
  /** Where the initial weights come from. */
  readonly random: Random;
  /** Rows and columns from one input pixel's place in the output to the next. @default 1 */
  readonly stride?: number;
  /** Rows and columns that the output is smaller by on each side. @default 0 */
  readonly padding?: number;
  /**
   * Rows and columns that the output is larger by at its lower and right edge, less than the stride:
   * with a stride, convolutions of several sizes have the same output, and this says which is meant.
   *
   * @default 0
   */
  readonly outputPadding?: number;
  /** Whether to add a bias. @default true */
  readonly bias?: boolean;
  /** What follows the sum, in the same dispatch. @default "linear" */
  readonly activation?: "linear" | "relu";
}

/**
 * Transposed convolution with a square kernel: `(N, H, W, in)` to `(N, H', W', out)` with
 * `H' = (H − 1)·stride − 2·padding + kernel + outputPadding`.
 *
 * It is to `Conv2d` from `out` to `in` channels what the gradient of its input is: each input pixel adds
 * its multiple of the kernel to the output.
 *
 * The weight is `(kh, kw, out, in)` on the GPU and `(in, out, kh, kw)` in checkpoints. As in PyTorch,
 * fresh weights have the spread for a fan-in of `out · kh · kw`.
 *
 * Reference: Dumoulin & Visin 2016, <https://arxiv.org/abs/1603.07285>.
 */
export class ConvTranspose2d extends Module {
  /** `(kh, kw, out, in)`. */
  readonly weight: Parameter;
  /** `(out)`. */
  readonly bias?: Parameter;
  readonly #options: {
    readonly stride: number;
    readonly padding: number;
    readonly outputPadding: number;
    readonly activation: Activation;
  };

  /**
   * A layer with fresh weights.
   *
   * @param inChannels Channels of the input.
   * @param outChannels Channels of the output.
   * @param kernelSize Rows and columns of the kernel.
   * @param options Where weights come from; stride, paddings and bias.
   * @throws {RangeError} When the output padding is not less than the stride.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvTranspose2dOptions,
  ) {
    super();
    const { random, bias = true } = options;
    const { stride = 1, padding = 0, outputPadding = 0, activation = "linear" } = options;
    if (outputPadding >= stride) {
      throw new RangeError(
        `Cannot build a transposed convolution: the output padding must be less than the stride, ` +
          `got ${outputPadding} with stride ${stride}`,
      );
    }
    const fanIn = outChannels * kernelSize * kernelSize;
    const shape = [kernelSize, kernelSize, outChannels, inChannels];
    this.weight = new Parameter(uniformFanIn(fanIn * inChannels, fanIn, random), shape, {
      view: shape,
      order: [3, 2, 0, 1],
      shape: [inChannels, outChannels, kernelSize, kernelSize],
    });
    if (bias) this.bias = new Parameter(uniformFanIn(outChannels, fanIn, random), [outChannels]);
    this.#options = { stride, padding, outputPadding, activation };
  }

  /** `(N, H, W, in)` to `(N, H', W', out)`. */
  forward(x: Tensor): Tensor {
    const images = x as Tensor4D;
    const weight = this.weight.variable as tf.Variable<tf.Rank.R4>;
    if (this.bias) return convTranspose2d(images, weight, this.bias.variable, this.#options);
    const y = convTranspose2dPlain(images, weight, this.#options);
    return this.#options.activation === "relu" ? tf.relu(y) : y;
  }
}
