/** Parts of a set of images. They share its memory: nothing is copied. @module */

import { DataError } from "../errors.ts";
import type { ImageSet } from "./types.ts";

/** A training set and the images held out of it. */
export interface ValidationSplit {
  /** The images to train on: all but the last. */
  readonly train: ImageSet;
  /** The images held out: the last ones. */
  readonly validation: ImageSet;
}

/**
 * The first `n` images.
 *
 * @param what How messages call the set, such as "training images of mnist".
 * @throws {DataError} When the set has fewer than `n`.
 * @throws {RangeError} When `n` is not a positive integer.
 */
export function takeFirst(set: ImageSet, n: number, what = "images"): ImageSet {
  checkCount(n);
  if (n > set.count) {
    throw new DataError(
      `Cannot use the first ${n} ${what}: there are ${set.count}, got ${n}. ` +
        `Ask for at most ${set.count}.`,
    );
  }
  return part(set, 0, n);
}

/**
 * Holds the last `n` images out of a training set. The last ones, not random ones, so that the
 * split needs no seed and is the same in every run and for everybody.
 *
 * @throws {DataError} When fewer than one image would be left to train on.
 * @throws {RangeError} When `n` is not a positive integer.
 */
export function splitValidation(set: ImageSet, n: number): ValidationSplit {
  checkCount(n);
  if (n >= set.count) {
    throw new DataError(
      `Cannot hold out ${n} images: the training set has ${set.count}, got ${n}. ` +
        `Ask for at most ${set.count - 1}.`,
    );
  }
  const cut = set.count - n;
  return { train: part(set, 0, cut), validation: part(set, cut, set.count) };
}

function part(set: ImageSet, from: number, to: number): ImageSet {
  const pixels = set.height * set.width;
  return {
    ...set,
    images: set.images.subarray(from * pixels, to * pixels),
    labels: set.labels.subarray(from, to),
    count: to - from,
  };
}

function checkCount(n: number): void {
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`Cannot take a part of the images: a count of 1 or more, got ${n}.`);
  }
}
