/** A small U-Net that is told the time. @module */

import { tf } from "../deps.ts";
import { silu } from "../nn/activations.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { ConvTranspose2d } from "../nn/conv_transpose2d.ts";
import { LayerNorm } from "../nn/layer_norm.ts";
import { Linear } from "../nn/linear.ts";
import { Context, Module, Parameter } from "../nn/module.ts";
import { Sequential } from "../nn/sequential.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";
import { DenoisingNetwork } from "./denoising_network.ts";
import type { ImageShape } from "./shape.ts";
import { SinusoidTable } from "./time_embedding.ts";

/** Columns of the table of times. */
const TIME_DIM = 100;

/** The parameters of a layer norm that is not applied: saved, and left as they are. */
class UnusedNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor([channels, height, width]: readonly [number, number, number]) {
    super();
    const size = channels * height * width;
    const shape = [channels, height, width];
    this.weight = new Parameter(new Float32Array(size).fill(1), shape, undefined, false);
    this.bias = new Parameter(new Float32Array(size), shape, undefined, false);
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

/** Layer norm over the whole image, then twice a 3×3 convolution and SiLU. */
export class UNetBlock extends Module {
  /** Of channels and pixels. */
  readonly ln: Module;
  /** To the new channels. */
  readonly conv1: Conv2d;
  /** Between the new channels. */
  readonly conv2: Conv2d;

  /**
   * Builds it with fresh weights.
   *
   * @param shape `[C, H, W]` of the input.
   * @param outChannels Channels of the output.
   * @param random Where the initial weights come from.
   * @param normalize Whether the norm is applied. @default true
   */
  constructor(
    shape: readonly [number, number, number],
    outChannels: number,
    random: Random,
    normalize = true,
  ) {
    super();
    this.ln = normalize ? new LayerNorm(shape) : new UnusedNorm(shape);
    this.conv1 = new Conv2d(shape[0], outChannels, 3, { padding: 1, random });
    this.conv2 = new Conv2d(outChannels, outChannels, 3, { padding: 1, random });
  }

  /** `(N, H, W, in)` to `(N, H, W, out)`. */
  forward(x: Tensor, context: Context): Tensor {
    const h = silu(this.conv1.forward(this.ln.forward(x, context)));
    return silu(this.conv2.forward(h));
  }
}

/**
 * A U-Net of three sizes with three blocks each way, which adds a vector of the time to the input of
 * each of its stages: 606 852 parameters on 28×28 images and 1000 times.
 *
 * Of these 100 000 are the frozen table of sinusoids, and 15 680 the norm of the last block. That norm
 * is not applied, and so not trained either; checkpoints hold it because PyTorch's do. The others,
 * 491 172, are trained.
 *
 * Rows and columns must be 4 times an odd number from 3 on: they are halved twice, and what is left is
 * made even by a 2×2 convolution and halved again.
 *
 * Checkpoints have the names of a PyTorch module with these attributes whose stages are `nn.Sequential`:
 * `time_embed.weight`, `te1.0.weight`, `te1.2.weight`, `b1.0.ln.weight`, `b1.0.conv1.weight`,
 * `down3.0.weight`, `down3.2.weight`, and so on.
 *
 * Reference: Ho, Jain & Abbeel 2020, <https://arxiv.org/abs/2006.11239>; its network has residual
 * blocks, and attention.
 */
export class UNet extends DenoisingNetwork {
  /** Times to sinusoids. */
  readonly time_embed: SinusoidTable;
  /** Time of the first stage, 28×28. */
  readonly te1: Sequential;
  /** 1 to 10 channels. */
  readonly b1: Sequential;
  /** To half the size. */
  readonly down1: Conv2d;
  /** Time of the second stage, 14×14. */
  readonly te2: Sequential;
  /** 10 to 20 channels. */
  readonly b2: Sequential;
  /** To half the size. */
  readonly down2: Conv2d;
  /** Time of the third stage, 7×7. */
  readonly te3: Sequential;
  /** 20 to 40 channels. */
  readonly b3: Sequential;
  /** Less a row and a column, then to half the size. */
  readonly down3: Sequential;
  /** Time of the middle, 3×3. */
  readonly te_mid: Sequential;
  /** 40 channels, through 20. */
  readonly b_mid: Sequential;
  /** The inverse of `down3`. */
  readonly up1: Sequential;
  /** Time of the third stage on the way up. */
  readonly te4: Sequential;
  /** 80 to 20 channels. */
  readonly b4: Sequential;
  /** To twice the size. */
  readonly up2: ConvTranspose2d;
  /** Time of the second stage on the way up. */
  readonly te5: Sequential;
  /** 40 to 10 channels. */
  readonly b5: Sequential;
  /** To twice the size. */
  readonly up3: ConvTranspose2d;
  /** Time of the first stage on the way up. */
  readonly te_out: Sequential;
  /** 20 to 10 channels, the last block without norm. */
  readonly b_out: Sequential;
  /** To the channels of the images. */
  readonly conv_out: Conv2d;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images.
   * @param random Where the initial weights come from.
   * @param options `timesteps` is the number of times, from 0 on. @default 1000
   * @throws {RangeError} When the images have another number of rows or columns than the network takes.
   */
  constructor(
    { height, width, channels }: Pick<ImageShape, "height" | "width" | "channels">,
    random: Random,
    { timesteps = 1000 }: { readonly timesteps?: number } = {},
  ) {
    super();
    if (![height, width].every((size) => size >= 12 && size % 8 === 4)) {
      throw new RangeError(
        "Cannot build the U-Net: rows and columns must be 4 times an odd number from 3 on, such as " +
          `28, got ${height}x${width}`,
      );
    }
    const sizes = [1, 2, 4].map((part) => [height / part, width / part] as const);
    const [whole, half, quarter] = sizes as [Size, Size, Size];
    const middle: Size = [(quarter[0] - 1) / 2, (quarter[1] - 1) / 2];
    const time = (features: number) =>
      new Sequential(
        new Linear(TIME_DIM, features, { random }),
        silu,
        new Linear(features, features, { random }),
      );
    const blocks = ([h, w]: Size, [from, ...to]: readonly [number, ...number[]], norms = 3) => {
      const ins = [from, ...to];
      const parts = to.map((out, i) => new UNetBlock([ins[i]!, h, w], out, random, i < norms));
      return new Sequential(...parts);
    };
    const halving = { stride: 2, padding: 1, random };

    this.time_embed = new SinusoidTable(timesteps, TIME_DIM);
    this.te1 = time(channels);
    this.b1 = blocks(whole, [channels, 10, 10, 10]);
    this.down1 = new Conv2d(10, 10, 4, halving);
    this.te2 = time(10);
    this.b2 = blocks(half, [10, 20, 20, 20]);
    this.down2 = new Conv2d(20, 20, 4, halving);
    this.te3 = time(20);
    this.b3 = blocks(quarter, [20, 40, 40, 40]);
    this.down3 = new Sequential(
      new Conv2d(40, 40, 2, { random }),
      silu,
      new Conv2d(40, 40, 4, halving),
    );
    this.te_mid = time(40);
    this.b_mid = blocks(middle, [40, 20, 20, 40]);
    this.up1 = new Sequential(
      new ConvTranspose2d(40, 40, 4, halving),
      silu,
      new ConvTranspose2d(40, 40, 2, { random }),
    );
    this.te4 = time(80);
    this.b4 = blocks(quarter, [80, 40, 20, 20]);
    this.up2 = new ConvTranspose2d(20, 20, 4, halving);
    this.te5 = time(40);
    this.b5 = blocks(half, [40, 20, 10, 10]);
    this.up3 = new ConvTranspose2d(10, 10, 4, halving);
    this.te_out = time(20);
    this.b_out = blocks(whole, [20, 10, 10, 10], 2);
    this.conv_out = new Conv2d(10, channels, 3, { padding: 1, random });
  }

  /** Images `(N, H, W, C)` and times `(N)` to the shape of the images; shapes for 28×28. */
  override denoise(
    x: Tensor4D,
    t: Tensor1D,
    _labels?: Tensor1D,
    context: Context = new Context(),
  ): Tensor {
    const time = this.time_embed.forward(t); //                                 (N, 100)
    const stage = (blocks: Sequential, embedding: Sequential, ...images: Tensor[]) => {
      const image = images.length === 1 ? images[0]! : tf.concat(images, 3);
      const vector = embedding.forward(time, context); //                       (N, C)
      const told = tf.add(image, tf.reshape(vector, [-1, 1, 1, vector.shape[1]!]));
      return blocks.forward(told, context);
    };
    const down1 = stage(this.b1, this.te1, x); //                               (N, 28, 28, 10)
    const down2 = stage(this.b2, this.te2, this.down1.forward(down1)); //       (N, 14, 14, 20)
    const down3 = stage(this.b3, this.te3, this.down2.forward(down2)); //       (N, 7, 7, 40)
    let h = this.down3.forward(down3, context); //                              (N, 3, 3, 40)
    h = stage(this.b_mid, this.te_mid, h); //                                   (N, 3, 3, 40)
    h = stage(this.b4, this.te4, down3, this.up1.forward(h, context)); //       (N, 7, 7, 20)
    h = stage(this.b5, this.te5, down2, this.up2.forward(h)); //                (N, 14, 14, 10)
    h = stage(this.b_out, this.te_out, down1, this.up3.forward(h)); //          (N, 28, 28, 10)
    return this.conv_out.forward(h); //                                         (N, 28, 28, 1)
  }
}

/** Rows and columns. */
type Size = readonly [height: number, width: number];
