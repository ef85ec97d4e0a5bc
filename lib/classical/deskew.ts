/**
 * Sets slanted digits upright, so that a classifier need not learn every slant.
 *
 * @module
 */

import { warpImage } from "../data/warp.ts";

/** Images of bytes, and the size of one. */
export interface ByteImages {
  /** Pixels, shape `(count, height, width)`; 0 is paper. */
  readonly images: Uint8Array;
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
}

/** Where the ink of an image balances, in pixels from the first one's centre, and its slant. */
export interface Moments {
  /** The column. */
  readonly x: number;
  /** The row. */
  readonly y: number;
  /** How many columns the ink moves to the right with every row down. */
  readonly slant: number;
}

/**
 * Shears each image along its rows by as much as makes its ink upright, and moves its centre of mass
 * to the centre, in one bilinear resampling (LeCun et al.: *Gradient-based learning applied to
 * document recognition*, 1998). Images without ink stay as they are.
 *
 * @returns The new pixels, of the same shape.
 * @throws {RangeError} When the pixels are no whole number of images.
 */
export function deskew({ images, height, width }: ByteImages): Uint8Array<ArrayBuffer> {
  const pixels = height * width;
  if (!(pixels > 0) || images.length % pixels !== 0) {
    throw new RangeError(
      `Cannot deskew images: they have ${height}x${width} pixels each, got ${images.length}.`,
    );
  }
  const out = new Uint8Array(images.length);
  const field = { x: new Float32Array(pixels), y: new Float32Array(pixels) };
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  for (let index = 0; index < images.length / pixels; index++) {
    const { x, y, slant } = momentsOf({ images, height, width }, index);
    for (let row = 0; row < height; row++) {
      field.x.fill(slant * (row - centreY), row * width, (row + 1) * width);
    }
    const warp = { dx: centreX - x, dy: centreY - y, degrees: 0, scale: 1, field };
    warpImage(out, index * pixels, { images, height, width }, index, warp);
  }
  return out;
}

/** The moments of image `index`; without ink, those of ink in the centre. */
export function momentsOf({ images, height, width }: ByteImages, index: number): Moments {
  const start = index * height * width;
  let [mass, sumX, sumY, sumXY, sumYY] = [0, 0, 0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const ink = images[start + row * width + column]!;
      mass += ink;
      sumX += ink * column;
      sumY += ink * row;
      sumXY += ink * column * row;
      sumYY += ink * row * row;
    }
  }
  if (mass === 0) return { x: (width - 1) / 2, y: (height - 1) / 2, slant: 0 };
  const variance = mass * sumYY - sumY ** 2;
  // All in one row: a variance of 0, exactly, as the sums are integers.
  const slant = variance === 0 ? 0 : (mass * sumXY - sumX * sumY) / variance;
  return { x: sumX / mass, y: sumY / mass, slant };
}
