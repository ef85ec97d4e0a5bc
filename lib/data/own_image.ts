/**
 * Pictures of one's own, made to look like those of a data set, so that a network trained on it can
 * read them.
 *
 * @module
 */

import { DataError } from "../errors.ts";
import { findInk } from "./ink.ts";
import { likeMnist } from "./like_mnist.ts";
import { likeUci } from "./like_uci.ts";

/** Which data set a picture is to look like. */
export interface TargetImage {
  /** Its side in pixels: 28 for MNIST, 8 for the embedded digits. */
  readonly size: 28 | 8;
  /** Its pixel value of full ink; the result is rounded to multiples of `1 / maxValue`. */
  readonly maxValue: number;
}

/**
 * Prepares a picture of one digit, of any size and colours, by {@link likeMnist} for 28 pixels and
 * by {@link likeUci} for 8.
 *
 * @param rgba Bytes of red, green, blue and opacity, shape `(height, width, 4)`.
 * @returns Ink from 0 to 1, shape `(size, size)`.
 * @throws {DataError} When the picture has no pixels or no ink.
 * @throws {RangeError} When the bytes do not fill the picture.
 */
export function prepareImage(
  rgba: Uint8Array,
  width: number,
  height: number,
  { size, maxValue }: TargetImage,
): Float32Array {
  if (width < 1 || height < 1) {
    throw new DataError(
      `Cannot find a digit in the picture: it has no pixels, got ${width}x${height}. ` +
        "Bring a picture of at least 1x1.",
    );
  }
  if (rgba.length !== width * height * 4) {
    throw new RangeError(
      `Cannot prepare a picture: ${width}x${height} needs ${width * height * 4} bytes, ` +
        `got ${rgba.length}.`,
    );
  }
  const ink = findInk(rgba, width, height);
  const prepared = size === 28 ? likeMnist(ink) : likeUci(ink);
  return prepared.map((v) => Math.round(v * maxValue) / maxValue);
}
