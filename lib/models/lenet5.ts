/** LeNet-5. @module */

import { Conv2d } from "../nn/conv2d.ts";
import { avgPool2d, flatten } from "../nn/functional.ts";
import { Linear } from "../nn/linear.ts";
import { Module } from "../nn/module.ts";
import type { Random } from "../random.ts";
import type { ImageShape } from "./shape.ts";
import type { Tensor } from "../tensor.ts";

/** Rows and columns of the smallest images that need no padding. */
const UNPADDED = 16;

/**
 * Two 5×5 convolutions with average pooling and three linear layers, all with ReLU: 44 426 parameters
 * on 28×28 images.
 *
 * The convolutions have no padding, so that 28×28 pixels become 24×24, 12×12, 8×8 and 4×4. Where the
 * images have fewer than 16 rows or columns, nothing would be left, and both convolutions are padded
 * by 2, which keeps their size: 8×8 pixels become 4×4 and 2×2, with 21 386 parameters.
 *
 * Reference: LeCun et al. 1998, <https://doi.org/10.1109/5.726791>; it had `tanh` units, 32×32 images and
 * trained factors in its poolings.
 */
export class LeNet5 extends Module {
  /** 1 to 6 channels, 5×5. */
  readonly conv1: Conv2d;
  /** 6 to 16 channels, 5×5. */
  readonly conv2: Conv2d;
  /** To 120 units. */
  readonly fc1: Linear;
  /** To 84 units. */
  readonly fc2: Linear;
  /** To the classes. */
  readonly fc3: Linear;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @throws {RangeError} When the images are smaller than 4×4.
   */
  constructor({ height, width, channels, classes }: ImageShape, random: Random) {
    super();
    const padding = Math.min(height, width) < UNPADDED ? 2 : 0;
    const halved = (size: number) => Math.floor((size - 4 + 2 * padding) / 2);
    const flattened = [halved(halved(height)), halved(halved(width)), 16] as const;
    const features = flattened[0] * flattened[1] * flattened[2];
    if (features === 0) {
      throw new RangeError(
        `Cannot build LeNet-5: images must be 4x4 or more, got ${height}x${width}`,
      );
    }
    const activation = "relu";
    this.conv1 = new Conv2d(channels, 6, 5, { padding, random, activation });
    this.conv2 = new Conv2d(6, 16, 5, { padding, random, activation });
    this.fc1 = new Linear(features, 120, { random, flattened, activation });
    this.fc2 = new Linear(120, 84, { random, activation });
    this.fc3 = new Linear(84, classes, { random });
  }

  /** Images `(N, H, W, C)` to logits `(N, classes)`; shapes for 28×28. */
  forward(x: Tensor): Tensor {
    let h = avgPool2d(this.conv1.forward(x), 2); //                             (N, 12, 12, 6)
    h = avgPool2d(this.conv2.forward(h), 2); //                                 (N, 4, 4, 16)
    h = this.fc2.forward(this.fc1.forward(flatten(h))); //                      (N, 84)
    return this.fc3.forward(h); //                                              (N, classes)
  }
}
