/** From bytes in memory to tensors of a batch. @module */

import { augment, type AugmentOptions } from "../data/augment.ts";
import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import type { Random } from "../random.ts";

/** A batch on its way to the GPU. */
export interface Batch {
  /** `(N, H, W, 1)`, scaled to [−1, 1]. */
  readonly images: tf.Tensor4D;
  /** `(N)`, int32. */
  readonly labels: tf.Tensor1D;
}

/** How {@link makeBatch} prepares images. */
export interface BatchOptions {
  /** The pixel value that becomes 1. */
  readonly maxValue: number;
  /** Moves and bends the images at random. @default undefined, which leaves them as they are */
  readonly augmentation?: AugmentOptions | undefined;
  /** The random stream of one image, by its index; needed with `augmentation`. */
  readonly random?: (index: number) => Random;
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
    const target = images.subarray(k * size, (k + 1) * size);
    if (options.augmentation && options.random) {
      augment(target, set, index, options.augmentation, options.random(index));
    } else {
      target.set(set.images.subarray(index * size, (index + 1) * size));
    }
    labels[k] = set.labels[index]!;
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
