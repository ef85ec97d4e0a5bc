/** Multilayer perceptrons. @module */

import { Dropout } from "../nn/dropout.ts";
import { flatten } from "../nn/functional.ts";
import { Linear } from "../nn/linear.ts";
import { type Context, Module } from "../nn/module.ts";
import type { Random } from "../random.ts";
import type { ImageShape } from "./shape.ts";
import type { Tensor } from "../tensor.ts";

/** `784-128-64-10` with ReLU: 109 386 parameters on 28×28 images. */
export class MLP extends Module {
  /** To 128 units. */
  readonly fc1: Linear;
  /** To 64 units. */
  readonly fc2: Linear;
  /** Between the last two layers. */
  readonly dropout: Dropout;
  /** To the classes. */
  readonly fc3: Linear;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @param options `dropout` is the probability before the last layer. @default 0.05
   */
  constructor(
    { height, width, channels, classes }: ImageShape,
    random: Random,
    { dropout = 0.05 }: { readonly dropout?: number } = {},
  ) {
    super();
    const flattened = [height, width, channels] as const;
    this.fc1 = new Linear(height * width * channels, 128, {
      random,
      flattened,
      activation: "relu",
    });
    // ReLU and dropout, a factor that is not negative, change places freely.
    this.fc2 = new Linear(128, 64, { random, activation: "relu" });
    this.dropout = new Dropout(dropout);
    this.fc3 = new Linear(64, classes, { random });
  }

  /** Images `(N, H, W, C)` to logits `(N, classes)`. */
  forward(x: Tensor, context: Context): Tensor {
    let h = flatten(x); //                                                      (N, H·W·C)
    h = this.fc1.forward(h); //                                                 (N, 128)
    h = this.dropout.forward(this.fc2.forward(h), context); //                  (N, 64)
    return this.fc3.forward(h); //                                              (N, classes)
  }
}

/** One hidden layer of 512 units: 407 050 parameters on 28×28 images. */
export class MLP512 extends Module {
  /** To 512 units. */
  readonly fc1: Linear;
  /** To the classes. */
  readonly fc2: Linear;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @param options `reluLogits` puts a ReLU on the output too, which keeps every logit from
   *   falling below 0. @default false
   */
  constructor(
    { height, width, channels, classes }: ImageShape,
    random: Random,
    options: { readonly reluLogits?: boolean } = {},
  ) {
    super();
    const flattened = [height, width, channels] as const;
    this.fc1 = new Linear(height * width * channels, 512, {
      random,
      flattened,
      activation: "relu",
    });
    this.fc2 = new Linear(512, classes, {
      random,
      activation: options.reluLogits ? "relu" : "linear",
    });
  }

  /** Images `(N, H, W, C)` to logits `(N, classes)`. */
  forward(x: Tensor): Tensor {
    const h = this.fc1.forward(flatten(x)); //                                  (N, 512)
    return this.fc2.forward(h); //                                              (N, classes)
  }
}
