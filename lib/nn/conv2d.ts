/** The convolution layer. @module */

import { tf } from "../deps.ts";
import { conv2dWithBias } from "../engine/kernels/conv2d_layer.ts";
import type { Activation } from "../engine/kernels/linear.ts";
import type { Random } from "../random.ts";
import { uniformFanIn } from "./init.ts";
import { Module, Parameter } from "./module.ts";
import type { Tensor, Tensor4D } from "../tensor.ts";

/** Options of {@link Conv2d}. */
export interface Conv2dOptions {
  /** Where the initial weights come from. */
  readonly random: Random;
  /** Step of the window. @default 1 */
  readonly stride?: number;
  /** Rows and columns of zeros on each side. @default 0 */
  readonly padding?: number;
  /** Whether to add a bias. @default true */
  readonly bias?: boolean;
  /** What follows the sum, in the same dispatch. @default "linear" */
  readonly activation?: "linear" | "relu";
}

/**
 * Cross-correlation with a square kernel: `(N, H, W, in)` to `(N, H', W', out)` with
 * `H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1`.
 *
 * The weight is `(kh, kw, in, out)` on the GPU and `(out, in, kh, kw)` in checkpoints.
 */
export class Conv2d extends Module {
  /** `(kh, kw, in, out)`. */
  readonly weight: Parameter;
  /** `(out)`. */
  readonly bias?: Parameter;
  readonly #stride: number;
  readonly #padding: number;
  readonly #activation: Activation;

  /**
   * A layer with fresh weights.
   *
   * @param inChannels Channels of the input.
   * @param outChannels Channels of the output.
   * @param kernelSize Rows and columns of the window.
   * @param options Where weights come from; stride, padding and bias.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: Conv2dOptions,
  ) {
    super();
    const { random, stride = 1, padding = 0, bias = true, activation = "linear" } = options;
    const fanIn = inChannels * kernelSize * kernelSize;
    const shape = [kernelSize, kernelSize, inChannels, outChannels];
    this.weight = new Parameter(uniformFanIn(fanIn * outChannels, fanIn, random), shape, {
      view: shape,
      order: [3, 2, 0, 1],
      shape: [outChannels, inChannels, kernelSize, kernelSize],
    });
    if (bias) this.bias = new Parameter(uniformFanIn(outChannels, fanIn, random), [outChannels]);
    this.#stride = stride;
    this.#padding = padding;
    this.#activation = activation;
  }

  /** `(N, H, W, in)` to `(N, H', W', out)`. */
  forward(x: Tensor): Tensor {
    const weight = this.weight.variable as tf.Variable<tf.Rank.R4>;
    const { variable: bias } = this.bias ?? {};
    if (bias) {
      const activation = this.#activation;
      return conv2dWithBias(x as Tensor4D, weight, bias, this.#stride, this.#padding, activation);
    }
    const y = tf.conv2d(x as Tensor4D, weight, this.#stride, this.#padding);
    return this.#activation === "relu" ? tf.relu(y) : y;
  }
}
