/** From bytes in memory to tensors of a batch. @module */

import { type Augmentation, augmentBatch } from "../data/augment.ts";
import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import type { Batch } from "../engine/feed.ts";

/** How {@link makeBatch} prepares images. */
export interface BatchOptions {
  /** The pixel value that becomes 1. */
  readonly maxValue: number;
  /** Moves and bends the images at random. @default undefined, which leaves them as they are */
  readonly augment?: {
    /** How far. */
    readonly augmentation: Augmentation;
    /** Seed and epoch, which with an image's index name its random stream. */
    readonly stream: { readonly seed: number; readonly epoch: number };
  } | undefined;
}

/** Gathers the images `indices` of `set`. */
export function makeBatch(set: ImageSet, indices: ArrayLike<number>, options: BatchOptions): Batch {
  const { height, width } = set;
  const size = height * width;
  const count = indices.length;
  const images = new Float32Array(count * size);
  const labels = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    const index = indices[k]!;
    images.set(set.images.subarray(index * size, (index + 1) * size), k * size);
    labels[k] = set.labels[index]!;
  }
  if (options.augment) {
    augmentBatch(images, set, indices, options.augment.augmentation, options.augment.stream);
  }
  scaleImages(images, options.maxValue);
  return {
    images: tf.tensor4d(images, [count, height, width, 1]),
    labels: tf.tensor1d(labels, "int32"),
  };
}

/** Scales `0..maxValue` to [−1, 1] in place. */
export function scaleImages(images: Float32Array, maxValue: number): void {
  const factor = 2 / maxValue;
  for (let i = 0; i < images.length; i++) images[i] = images[i]! * factor - 1;
}
