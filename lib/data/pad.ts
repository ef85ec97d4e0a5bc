/** Images with a border. @module */

import type { Dataset, ImageSet } from "./types.ts";

/**
 * Puts every image in the middle of an empty square; where the border cannot be even, the wider side
 * is below and to the right.
 *
 * @param size Rows and columns of the square.
 * @throws {RangeError} When the images are larger.
 */
export function padImages(set: ImageSet, size: number): ImageSet {
  const { images, count, height, width } = set;
  if (size < height || size < width) {
    throw new RangeError(
      `Cannot pad the images: the square must hold ${height}x${width}, got a side of ${size}.`,
    );
  }
  const padded = new Uint8Array(count * size * size);
  const top = Math.floor((size - height) / 2);
  const left = Math.floor((size - width) / 2);
  for (let row = 0; row < count * height; row++) {
    const image = Math.floor(row / height);
    const line = image * size + top + row % height;
    padded.set(images.subarray(row * width, (row + 1) * width), line * size + left);
  }
  return { ...set, images: padded, height: size, width: size };
}

/** Pads training and test images. @throws {RangeError} As {@link padImages}. */
export function padDataset(dataset: Dataset, size: number): Dataset {
  const { train, test } = dataset;
  return { ...dataset, train: padImages(train, size), test: padImages(test, size) };
}
