/** A small residual network. @module */

import { tf } from "../deps.ts";
import { BatchNorm2d } from "../nn/batch_norm2d.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { flatten } from "../nn/functional.ts";
import { Linear } from "../nn/linear.ts";
import { type Context, Module } from "../nn/module.ts";
import type { Random } from "../random.ts";
import type { ImageShape } from "./shape.ts";
import type { Tensor } from "../tensor.ts";

/** Channels inside the block. */
const WIDTH = 8;

/**
 * One residual block of two 3×3 convolutions with 8 channels, then one channel and a linear layer:
 * 8 555 parameters on 28×28 images, 8 571 with a convolution as shortcut.
 *
 * The shortcut takes the image past the block. It has one channel and the block eight: by itself it is
 * added to each of them, with `convShortcut` a 1×1 convolution makes eight of it.
 *
 * Reference: He et al. 2015, <https://arxiv.org/abs/1512.03385>.
 */
export class ResNet extends Module {
  /** To 8 channels, 3×3. */
  readonly conv1: Conv2d;
  /** After the first convolution, with the ReLU. */
  readonly bn1: BatchNorm2d;
  /** 8 to 8 channels, 3×3. */
  readonly conv2: Conv2d;
  /** After the second convolution. */
  readonly bn2: BatchNorm2d;
  /** To 8 channels, 1×1, past the block; without it the image itself is added. */
  readonly shortcut?: Conv2d;
  /** 8 to 1 channel, 1×1. */
  readonly conv3: Conv2d;
  /** To the classes. */
  readonly fc: Linear;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @param options `convShortcut` makes the shortcut a 1×1 convolution. @default false
   * @throws {RangeError} When the images have neither 1 nor 8 channels and the shortcut is none.
   */
  constructor(
    { height, width, channels, classes }: ImageShape,
    random: Random,
    { convShortcut = false }: { readonly convShortcut?: boolean } = {},
  ) {
    super();
    if (!convShortcut && channels !== 1 && channels !== WIDTH) {
      throw new RangeError(
        `Cannot build the residual network: images that are added to the block must have 1 or ` +
          `${WIDTH} channels, got ${channels}. Set convShortcut`,
      );
    }
    this.conv1 = new Conv2d(channels, WIDTH, 3, { padding: 1, random });
    this.bn1 = new BatchNorm2d(WIDTH, { activation: "relu" });
    this.conv2 = new Conv2d(WIDTH, WIDTH, 3, { padding: 1, random });
    this.bn2 = new BatchNorm2d(WIDTH);
    if (convShortcut) this.shortcut = new Conv2d(channels, WIDTH, 1, { random });
    this.conv3 = new Conv2d(WIDTH, 1, 1, { random });
    this.fc = new Linear(height * width, classes, { random, flattened: [height, width, 1] });
  }

  /** Images `(N, H, W, C)` to logits `(N, classes)`. */
  forward(x: Tensor, context: Context): Tensor {
    let h = this.bn1.forward(this.conv1.forward(x), context); //                (N, H, W, 8)
    h = this.bn2.forward(this.conv2.forward(h), context); //                    (N, H, W, 8)
    h = tf.add(h, this.shortcut?.forward(x) ?? x); //                           (N, H, W, 8)
    h = this.conv3.forward(h); //                                               (N, H, W, 1)
    return this.fc.forward(flatten(h)); //                                      (N, classes)
  }
}
