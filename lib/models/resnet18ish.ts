/** A residual network in stages, after ResNet-18, for small grey images. @module */

import { tf } from "../deps.ts";
import { BatchNorm2d } from "../nn/batch_norm2d.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { globalAvgPool2d, relu } from "../nn/functional.ts";
import { Linear } from "../nn/linear.ts";
import { type Context, Module } from "../nn/module.ts";
import { Sequential } from "../nn/sequential.ts";
import type { Random } from "../random.ts";
import type { ImageShape } from "./shape.ts";
import type { Tensor } from "../tensor.ts";

/** Channels of the three stages. */
const WIDTHS = [32, 64, 128] as const;

/**
 * Two 3×3 convolutions with batch norm and a shortcut around both: `(N, H, W, in)` to
 * `(N, ⌈H / stride⌉, ⌈W / stride⌉, out)`.
 *
 * The shortcut is the input itself; where size or channels change, a 1×1 convolution with batch norm.
 * Names are those of torchvision's `BasicBlock`.
 *
 * Reference: He et al. 2015, <https://arxiv.org/abs/1512.03385>, figure 5 on the left.
 */
export class BasicBlock extends Module {
  /** To `out` channels, 3×3, with the stride. */
  readonly conv1: Conv2d;
  /** After it, with the ReLU. */
  readonly bn1: BatchNorm2d;
  /** `out` to `out` channels, 3×3. */
  readonly conv2: Conv2d;
  /** After it. */
  readonly bn2: BatchNorm2d;
  /** The 1×1 convolution of the shortcut and its batch norm. */
  readonly downsample?: Sequential;

  /**
   * Builds it with fresh weights.
   *
   * @param inChannels Channels of the input.
   * @param outChannels Channels of the output.
   * @param options Where the initial weights come from; the `stride` of the first convolution.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    { random, stride }: { readonly random: Random; readonly stride: number },
  ) {
    super();
    // A batch norm takes any bias away again, so the convolutions have none.
    this.conv1 = new Conv2d(inChannels, outChannels, 3, {
      stride,
      padding: 1,
      bias: false,
      random,
    });
    this.bn1 = new BatchNorm2d(outChannels, { activation: "relu" });
    this.conv2 = new Conv2d(outChannels, outChannels, 3, { padding: 1, bias: false, random });
    this.bn2 = new BatchNorm2d(outChannels);
    if (stride !== 1 || inChannels !== outChannels) {
      this.downsample = new Sequential(
        new Conv2d(inChannels, outChannels, 1, { stride, bias: false, random }),
        new BatchNorm2d(outChannels),
      );
    }
  }

  /** `(N, H, W, in)` to `(N, ⌈H / stride⌉, ⌈W / stride⌉, out)`. */
  forward(x: Tensor, context: Context): Tensor {
    let h = this.bn1.forward(this.conv1.forward(x), context); //                (N, H', W', out)
    h = this.bn2.forward(this.conv2.forward(h), context); //                    (N, H', W', out)
    return relu(tf.add(h, this.downsample?.forward(x, context) ?? x)); //       (N, H', W', out)
  }
}

/**
 * A 3×3 convolution, three stages of two {@link BasicBlock}s with 32, 64 and 128 channels, the mean
 * over all pixels, and a linear layer: 696 042 parameters, whatever the size of the images.
 *
 * It is ResNet-18 made for digits: its stem keeps every pixel, as the residual networks for CIFAR-10
 * do, the fourth stage is left out, and each stage is half as wide. A pass over an image of 28×28
 * takes 80 million multiplications, six times those of the convolutional network `cnn`.
 *
 * Reference: He et al. 2015, <https://arxiv.org/abs/1512.03385>; names are those of torchvision's
 * `ResNet`.
 */
export class ResNet18ish extends Module {
  /** To 32 channels, 3×3. */
  readonly conv1: Conv2d;
  /** After it, with the ReLU. */
  readonly bn1: BatchNorm2d;
  /** 32 channels on every pixel. */
  readonly layer1: Sequential;
  /** 64 channels on half the rows and columns. */
  readonly layer2: Sequential;
  /** 128 channels on a quarter of the rows and columns. */
  readonly layer3: Sequential;
  /** To the classes. */
  readonly fc: Linear;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   */
  constructor({ channels, classes }: ImageShape, random: Random) {
    super();
    const stage = (inChannels: number, outChannels: number, stride: number) =>
      new Sequential(
        new BasicBlock(inChannels, outChannels, { random, stride }),
        new BasicBlock(outChannels, outChannels, { random, stride: 1 }),
      );
    this.conv1 = new Conv2d(channels, WIDTHS[0], 3, { padding: 1, bias: false, random });
    this.bn1 = new BatchNorm2d(WIDTHS[0], { activation: "relu" });
    this.layer1 = stage(WIDTHS[0], WIDTHS[0], 1);
    this.layer2 = stage(WIDTHS[0], WIDTHS[1], 2);
    this.layer3 = stage(WIDTHS[1], WIDTHS[2], 2);
    this.fc = new Linear(WIDTHS[2], classes, { random });
  }

  /** Images `(N, H, W, C)` to logits `(N, classes)`; shapes for 28×28. */
  forward(x: Tensor, context: Context): Tensor {
    let h = this.bn1.forward(this.conv1.forward(x), context); //                (N, 28, 28, 32)
    h = this.layer1.forward(h, context); //                                     (N, 28, 28, 32)
    h = this.layer2.forward(h, context); //                                     (N, 14, 14, 64)
    h = this.layer3.forward(h, context); //                                     (N, 7, 7, 128)
    return this.fc.forward(globalAvgPool2d(h)); //                              (N, classes)
  }
}
