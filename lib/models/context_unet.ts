/** A U-Net that is told the time and the class. @module */

import { tf } from "../deps.ts";
import { gelu } from "../nn/activations.ts";
import { BatchNorm2d } from "../nn/batch_norm2d.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { ConvTranspose2d } from "../nn/conv_transpose2d.ts";
import { avgPool2d, maxPool2d, relu } from "../nn/functional.ts";
import { GroupNorm } from "../nn/group_norm.ts";
import { Linear } from "../nn/linear.ts";
import { Context, Module } from "../nn/module.ts";
import { Sequential } from "../nn/sequential.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";
import { DenoisingNetwork } from "./denoising_network.ts";
import type { ImageShape } from "./shape.ts";

/** Groups of the group norms. */
const GROUPS = 8;

/** Options of {@link ContextUnet}. */
export interface ContextUnetOptions {
  /** Channels of the largest images within, a multiple of 8. @default 128 */
  readonly features?: number;
  /** `T`: times are from 0 to `T − 1`. @default 400 */
  readonly timesteps?: number;
}

/** Twice a 3×3 convolution, batch norm and GELU. */
export class ConvBlock extends Module {
  /** To the new channels. */
  readonly conv1: Sequential;
  /** Between the new channels. */
  readonly conv2: Sequential;
  readonly #residual: boolean;

  /**
   * Builds it with fresh weights.
   *
   * @param inChannels Channels of the input.
   * @param outChannels Channels of the output.
   * @param random Where the initial weights come from.
   * @param residual Whether the output is `(x₁ + x₂)/√2` of the two halves' outputs instead of `x₂`.
   *   @default false
   */
  constructor(inChannels: number, outChannels: number, random: Random, residual = false) {
    super();
    const half = (from: number) =>
      new Sequential(
        new Conv2d(from, outChannels, 3, { padding: 1, random }),
        new BatchNorm2d(outChannels),
        gelu,
      );
    this.conv1 = half(inChannels);
    this.conv2 = half(outChannels);
    this.#residual = residual;
  }

  /** `(N, H, W, in)` to `(N, H, W, out)`. */
  forward(x: Tensor, context: Context): Tensor {
    const x1 = this.conv1.forward(x, context);
    const x2 = this.conv2.forward(x1, context);
    return this.#residual ? tf.mul(tf.add(x1, x2), Math.SQRT1_2) : x2;
  }
}

/**
 * A U-Net of three sizes whose way up is told the class, as a factor, and the time, as a summand, of
 * each channel: 6 585 601 parameters with 128 features, 26 311 169 with 256, on images of one channel
 * with 10 classes.
 *
 * A label that is no class, such as the number of classes, stands for none: its one-hot vector is zero.
 * Labels may be absent, too.
 *
 * Rows and columns are halved twice, and what is left, 7×7 of 28×28, is averaged into one vector and
 * laid out again by a transposed convolution of that size. So images must be square, with a multiple
 * of 4 rows; those of other sizes have a number of parameters of their own.
 *
 * Checkpoints have the names of a PyTorch module with these attributes, each an `nn.Sequential`:
 * `init_conv.conv1.0.weight` is a convolution, `init_conv.conv1.1.weight` its batch norm,
 * `down1.0.conv1.0.weight`, `timeembed1.0.weight`, `up1.0.weight`, `up1.1.conv1.0.weight`,
 * `out.3.weight`, and so on.
 *
 * Reference: Ho & Salimans 2022, <https://arxiv.org/abs/2207.12598>, for training on dropped classes.
 */
export class ContextUnet extends DenoisingNetwork {
  /** To `n` channels, 28×28. */
  readonly init_conv: ConvBlock;
  /** To half the size. */
  readonly down1: Sequential;
  /** To half the size and `2n` channels. */
  readonly down2: Sequential;
  /** Time for the third size. */
  readonly timeembed1: Sequential;
  /** Time for the second size. */
  readonly timeembed2: Sequential;
  /** Class for the third size. */
  readonly contextembed1: Sequential;
  /** Class for the second size. */
  readonly contextembed2: Sequential;
  /** From one vector to the third size. */
  readonly up0: Sequential;
  /** To twice the size and `n` channels. */
  readonly up1: Sequential;
  /** To twice the size. */
  readonly up2: Sequential;
  /** To the channels of the images. */
  readonly out: Sequential;
  /** The label that stands for no class. */
  readonly nullClass: number;
  readonly #bottleneck: number;
  readonly #timesteps: number;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @param options Features and times.
   * @throws {RangeError} When the images are not square with a multiple of 4 rows, or the features no
   *   multiple of 8.
   */
  constructor(
    { height, width, channels, classes }: ImageShape,
    random: Random,
    { features = 128, timesteps = 400 }: ContextUnetOptions = {},
  ) {
    super();
    if (height !== width || height < 4 || height % 4 !== 0) {
      throw new RangeError(
        "Cannot build the ContextUnet: images must be square with a multiple of 4 rows, got " +
          `${height}x${width}`,
      );
    }
    const n = features;
    const size = height / 4;
    const pool = (x: Tensor) => maxPool2d(x, 2);
    const embedding = (from: number, to: number) =>
      new Sequential(new Linear(from, to, { random }), gelu, new Linear(to, to, { random }));
    const up = (from: number) =>
      new Sequential(
        new ConvTranspose2d(from, n, 2, { stride: 2, random }),
        new ConvBlock(n, n, random),
        new ConvBlock(n, n, random),
      );
    this.init_conv = new ConvBlock(channels, n, random, true);
    this.down1 = new Sequential(new ConvBlock(n, n, random), pool);
    this.down2 = new Sequential(new ConvBlock(n, 2 * n, random), pool);
    this.timeembed1 = embedding(1, 2 * n);
    this.timeembed2 = embedding(1, n);
    this.contextembed1 = embedding(classes, 2 * n);
    this.contextembed2 = embedding(classes, n);
    this.up0 = new Sequential(
      new ConvTranspose2d(2 * n, 2 * n, size, { stride: size, random }),
      new GroupNorm(GROUPS, 2 * n),
      relu,
    );
    this.up1 = up(4 * n);
    this.up2 = up(2 * n);
    this.out = new Sequential(
      new Conv2d(2 * n, n, 3, { padding: 1, random }),
      new GroupNorm(GROUPS, n),
      relu,
      new Conv2d(n, channels, 3, { padding: 1, random }),
    );
    this.nullClass = classes;
    this.#bottleneck = size;
    this.#timesteps = timesteps;
  }

  /**
   * Images `(N, H, W, C)`, times `(N)` and labels `(N)` to the shape of the images; shapes for 28×28.
   */
  override denoise(
    x: Tensor4D,
    t: Tensor1D,
    labels?: Tensor1D,
    context: Context = new Context(),
  ): Tensor {
    const time = tf.div(tf.add(tf.reshape(t, [-1, 1]), 1), this.#timesteps); //  (N, 1)
    const label = labels // (N, classes)
      ? tf.oneHot(labels, this.nullClass, 1, 0, "float32")
      : tf.zeros([x.shape[0], this.nullClass]);
    const tell = (h: Tensor, factor: Sequential, summand: Sequential) => {
      const [c, s] = [factor.forward(label, context), summand.forward(time, context)];
      const perPixel = (vector: Tensor) => tf.reshape(vector, [-1, 1, 1, vector.shape[1]!]);
      return tf.add(tf.mul(h, perPixel(c)), perPixel(s));
    };
    const first = this.init_conv.forward(x, context); //                        (N, 28, 28, n)
    const down1 = this.down1.forward(first, context); //                        (N, 14, 14, n)
    const down2 = this.down2.forward(down1, context); //                        (N, 7, 7, 2n)
    const vector = gelu(avgPool2d(down2, this.#bottleneck)); //                 (N, 1, 1, 2n)
    let h = this.up0.forward(vector, context); //                               (N, 7, 7, 2n)
    h = tf.concat([tell(h, this.contextembed1, this.timeembed1), down2], 3); // (N, 7, 7, 4n)
    h = this.up1.forward(h, context); //                                        (N, 14, 14, n)
    h = tf.concat([tell(h, this.contextembed2, this.timeembed2), down1], 3); // (N, 14, 14, 2n)
    h = this.up2.forward(h, context); //                                        (N, 28, 28, n)
    return this.out.forward(tf.concat([h, first], 3), context); //              (N, 28, 28, C)
  }
}
