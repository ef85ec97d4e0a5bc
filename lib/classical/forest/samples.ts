/**
 * Labelled images as the trees read them: every byte twice, image by image and pixel by pixel.
 *
 * A node with many images reads one pixel of all of them, which lies together when the pixels are
 * the outer axis. A node with few images reads many pixels of each, and its images, but not that
 * many pixels' columns, fit the cache of the processor: there the images are the outer axis.
 *
 * @module
 */

import type { ImageSet } from "../../data/types.ts";
import { DataError } from "../../errors.ts";
import { checkLabels } from "../labels.ts";

/** What trees grow on. */
export interface Samples {
  /** How many images, `n`. */
  readonly count: number;
  /** How many pixels an image has, `d`. */
  readonly features: number;
  /** The pixels, shape `(n, d)`. */
  readonly byImage: Uint8Array;
  /** The pixels, shape `(d, n)`. */
  readonly byPixel: Uint8Array;
  /** The classes, shape `(n)`, `0..9`. */
  readonly labels: Uint8Array;
}

/**
 * Checks that trees can grow on a set.
 *
 * @throws {DataError} When the set is empty, its parts are no bytes or do not fit together, a label is
 * not a class, or there is only one class.
 */
export function checkTrainingSet({ images, labels, count, height, width }: ImageSet): void {
  if (count === 0 || height * width === 0) {
    throw new DataError(
      "Cannot grow a forest: the training set must have images with pixels, " +
        `got ${count} of ${height}x${width}. Give at least two.`,
    );
  }
  // Other arrays would be cut down to bytes, NaN to 0, without a word.
  if (!(images instanceof Uint8Array && labels instanceof Uint8Array)) {
    throw new DataError(
      `Cannot grow a forest: pixels and labels are bytes in Uint8Arrays, got ` +
        `${images.constructor.name} and ${(labels as Uint8Array).constructor.name}. ` +
        "Scale the pixels to whole numbers up to 255.",
    );
  }
  if (images.length !== count * height * width || labels.length !== count) {
    throw new DataError(
      `Cannot grow a forest: ${count} images of ${height}x${width} have ` +
        `${count * height * width} bytes and ${count} labels, got ${images.length} bytes and ` +
        `${labels.length} labels. Give arrays that fit together.`,
    );
  }
  checkLabels(labels, "grow a forest");
  if (labels.every((label) => label === labels[0])) {
    throw new DataError(
      "Cannot grow a forest: the training set must have images of two classes or more, " +
        `got class ${labels[0]} only. Take more images.`,
    );
  }
}

/**
 * Lays a training set out for the trees.
 *
 * @param set The training set, checked.
 * @param shared Whether workers are to read the same memory.
 */
export function samplesOf(set: ImageSet, shared: boolean): Samples {
  const { images, labels, count } = set;
  const features = set.height * set.width;
  const room = (bytes: number) =>
    new Uint8Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  const byPixel = room(images.length);
  transpose(images, count, features, byPixel);
  if (!shared) return { count, features, byImage: images, byPixel, labels };
  const byImage = room(images.length);
  byImage.set(images);
  const sharedLabels = room(count);
  sharedLabels.set(labels);
  return { count, features, byImage, byPixel, labels: sharedLabels };
}

/** Writes the transpose of `(rows, columns)`, in squares that fit the processor's first cache. */
function transpose(from: Uint8Array, rows: number, columns: number, to: Uint8Array): void {
  const side = 64;
  for (let top = 0; top < rows; top += side) {
    const bottom = Math.min(top + side, rows);
    for (let left = 0; left < columns; left += side) {
      const right = Math.min(left + side, columns);
      for (let column = left; column < right; column++) {
        for (let row = top; row < bottom; row++) {
          to[column * rows + row] = from[row * columns + column]!;
        }
      }
    }
  }
}
