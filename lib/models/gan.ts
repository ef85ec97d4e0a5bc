/**
 * The two networks of a generative adversarial network, both perceptrons, and not conditioned on
 * classes.
 *
 * Reference: Goodfellow et al. 2014, <https://arxiv.org/abs/1406.2661>.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { leakyRelu } from "../nn/activations.ts";
import { Dropout } from "../nn/dropout.ts";
import { flatten } from "../nn/functional.ts";
import { Linear } from "../nn/linear.ts";
import { type Context, Module } from "../nn/module.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import type { ImageShape } from "./shape.ts";

/** Slope of the activations below 0. */
const SLOPE = 0.2;

/** Size of the images, which are grey. */
export type GreySize = Pick<ImageShape, "height" | "width">;

/** `100-256-512-1024-784`, LeakyReLU, tanh: 1 486 352 parameters on 28×28 images. */
export class Generator extends Module {
  /** To 256 units. */
  readonly fc1: Linear;
  /** To 512 units. */
  readonly fc2: Linear;
  /** To 1024 units. */
  readonly fc3: Linear;
  /** To the pixels. */
  readonly fc4: Linear;
  /** How many numbers an image is made from. */
  readonly latent: number;
  readonly #size: GreySize;

  /**
   * Builds it with fresh weights.
   *
   * @param size Size of the images.
   * @param random Where the initial weights come from.
   * @param options `latent` is how many numbers an image is made from. @default 100
   */
  constructor(size: GreySize, random: Random, { latent = 100 }: { readonly latent?: number } = {}) {
    super();
    this.fc1 = new Linear(latent, 256, { random });
    this.fc2 = new Linear(256, 512, { random });
    this.fc3 = new Linear(512, 1024, { random });
    this.fc4 = new Linear(1024, size.height * size.width, { random });
    this.latent = latent;
    this.#size = size;
  }

  /** Normal numbers `(N, latent)` to images `(N, H, W, 1)` in (−1, 1). */
  forward(z: Tensor): Tensor {
    let h = z; //                                                               (N, latent)
    for (const layer of [this.fc1, this.fc2, this.fc3]) h = leakyRelu(layer.forward(h), SLOPE);
    const { height, width } = this.#size;
    return tf.reshape(tf.tanh(this.fc4.forward(h)), [-1, height, width, 1]); // (N, H, W, 1)
  }
}

/**
 * `784-1024-512-256-1`, LeakyReLU, dropout after each hidden layer: 1 460 225 parameters on 28×28
 * images.
 */
export class Discriminator extends Module {
  /** To 1024 units. */
  readonly fc1: Linear;
  /** To 512 units. */
  readonly fc2: Linear;
  /** To 256 units. */
  readonly fc3: Linear;
  /** To the logit. */
  readonly fc4: Linear;
  /** After each hidden layer. */
  readonly dropout: Dropout;

  /**
   * Builds it with fresh weights.
   *
   * @param size Size of the images.
   * @param random Where the initial weights come from.
   * @param options `dropout` is the probability after each hidden layer. @default 0.3
   */
  constructor(
    { height, width }: GreySize,
    random: Random,
    { dropout = 0.3 }: { readonly dropout?: number } = {},
  ) {
    super();
    this.fc1 = new Linear(height * width, 1024, { random });
    this.fc2 = new Linear(1024, 512, { random });
    this.fc3 = new Linear(512, 256, { random });
    this.fc4 = new Linear(256, 1, { random });
    this.dropout = new Dropout(dropout);
  }

  /** Images `(N, H, W, 1)` to logits `(N, 1)`, above 0 where an image is taken for real. */
  forward(x: Tensor, context: Context): Tensor {
    let h = flatten(x); //                                                      (N, H·W)
    for (const layer of [this.fc1, this.fc2, this.fc3]) {
      h = this.dropout.forward(leakyRelu(layer.forward(h), SLOPE), context);
    }
    return this.fc4.forward(h); //                                              (N, 1)
  }
}

/** A {@link Generator} and its {@link Discriminator}, as one module for checkpoints. */
export class GAN extends Module {
  /** Draws images. */
  readonly generator: Generator;
  /** Judges them. */
  readonly discriminator: Discriminator;

  /**
   * Builds both with fresh weights.
   *
   * @param size Size of the images.
   * @param random Where the initial weights come from.
   */
  constructor(size: GreySize, random: Random) {
    super();
    this.generator = new Generator(size, random);
    this.discriminator = new Discriminator(size, random);
  }

  /** Normal numbers `(N, latent)` to images `(N, H, W, 1)` in (−1, 1). */
  forward(z: Tensor): Tensor {
    return this.generator.forward(z);
  }
}
