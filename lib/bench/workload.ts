/** What the training steps of the bench are trained on, and how. @module */

import type { ImageSet } from "../data/types.ts";
import { CNN } from "../models/cnn.ts";
import { GRUClassifier } from "../models/gru.ts";
import { LeNet5 } from "../models/lenet5.ts";
import { MLP } from "../models/mlp.ts";
import type { ImageShape } from "../models/shape.ts";
import { ViT } from "../models/vit.ts";
import { Random } from "../random.ts";

/** The shape of MNIST. */
export const SHAPE: ImageShape = { height: 28, width: 28, channels: 1, classes: 10 };
/** Images per step, where a row does not say another number. */
export const BATCH_SIZE = 64;
/** The pixel value of full ink. */
export const MAX_VALUE = 255;

/** How a network is trained here. */
export interface Training {
  /** Which optimizer. */
  readonly optimizer: "sgd" | "adam";
  /** Its learning rate. */
  readonly lr: number;
}

/** The recipe of the tasks. */
export const WITH_SGD: Training = { optimizer: "sgd", lr: 0.01 };
/** The usual alternative. */
export const WITH_ADAM: Training = { optimizer: "adam", lr: 1e-3 };

/**
 * Images of noise with labels, as many as one batch holds.
 *
 * @param count How many. @default 64
 * @param shape Their size, in one channel, and the number of classes. @default that of MNIST
 */
export function noiseImages(count: number = BATCH_SIZE, shape: ImageShape = SHAPE): ImageSet {
  const { height, width, classes } = shape;
  const random = new Random(1, "bench", "images");
  return {
    count,
    height,
    width,
    images: Uint8Array.from({ length: count * height * width }, () => random.int(256)),
    labels: Uint8Array.from({ length: count }, (_, i) => i % classes),
  };
}

/** The MLP with weights that are always the same, without dropout; see {@link buildCNN}. */
export function buildMLP(): MLP {
  return new MLP(SHAPE, new Random(1, "init"), { dropout: 0 });
}

/**
 * The CNN with weights that are always the same. Without dropout: stock tfjs draws the mask on the
 * CPU, and that would be counted in our favour.
 */
export function buildCNN(): CNN {
  return new CNN(SHAPE, new Random(1, "init"), { dropout: 0 });
}

/** LeNet-5 with weights that are always the same. */
export function buildLeNet5(): LeNet5 {
  return new LeNet5(SHAPE, new Random(1, "init"));
}

/** The GRU with weights that are always the same. */
export function buildGRU(): GRUClassifier {
  return new GRUClassifier(SHAPE, new Random(1, "init"));
}

/** The Vision Transformer with weights that are always the same. */
export function buildViT(): ViT {
  return new ViT(SHAPE, new Random(1, "init"));
}
