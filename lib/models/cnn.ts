/** The convolutional network. @module */

import { Conv2d } from "../nn/conv2d.ts";
import { Dropout } from "../nn/dropout.ts";
import { flatten, reluMaxPool2d } from "../nn/functional.ts";
import { Linear } from "../nn/linear.ts";
import { type Context, Module } from "../nn/module.ts";
import type { Random } from "../random.ts";
import type { ImageShape } from "./shape.ts";
import type { Tensor } from "../tensor.ts";

/** Two 5×5 convolutions and two linear layers: 3 199 106 parameters on 28×28 images. */
export class CNN extends Module {
  /** 1 to 32 channels, 5×5. */
  readonly conv1: Conv2d;
  /** 32 to 64 channels, 5×5. */
  readonly conv2: Conv2d;
  /** To 1000 units. */
  readonly fc1: Linear;
  /** Between the linear layers. */
  readonly dropout: Dropout;
  /** To the classes. */
  readonly fc2: Linear;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @param options `dropout` is the probability before the last layer. @default 0.05
   * @throws {RangeError} When the images are smaller than 4×4.
   */
  constructor(
    { height, width, channels, classes }: ImageShape,
    random: Random,
    { dropout = 0.05 }: { readonly dropout?: number } = {},
  ) {
    super();
    const flattened = [Math.floor(height / 4), Math.floor(width / 4), 64] as const;
    const features = flattened[0] * flattened[1] * flattened[2];
    if (features === 0) {
      throw new RangeError(
        `Cannot build the CNN: images must be 4x4 or more, got ${height}x${width}`,
      );
    }
    this.conv1 = new Conv2d(channels, 32, 5, { padding: 2, random });
    this.conv2 = new Conv2d(32, 64, 5, { padding: 2, random });
    this.fc1 = new Linear(features, 1000, { random, flattened, activation: "relu" });
    this.dropout = new Dropout(dropout);
    this.fc2 = new Linear(1000, classes, { random });
  }

  /** Images `(N, H, W, C)` to logits `(N, classes)`. */
  forward(x: Tensor, context: Context): Tensor {
    let h = reluMaxPool2d(this.conv1.forward(x), 2); //                        (N, H/2, W/2, 32)
    h = reluMaxPool2d(this.conv2.forward(h), 2); //                            (N, H/4, W/4, 64)
    h = this.fc1.forward(flatten(h)); //                                       (N, 1000)
    return this.fc2.forward(this.dropout.forward(h, context)); //              (N, classes)
  }
}
