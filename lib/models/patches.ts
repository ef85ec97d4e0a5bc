/** Images as grids of square patches. @module */

import { tf } from "../deps.ts";
import type { Tensor } from "../tensor.ts";
import type { ImageShape } from "./shape.ts";

/** A grid of patches. */
export interface Grid {
  /** Rows of patches. */
  readonly rows: number;
  /** Patches in a row. */
  readonly columns: number;
  /** Pixels on a side of a patch. */
  readonly patch: number;
  /** Channels of a pixel. */
  readonly channels: number;
}

/** The side of the patches by the size of the images: 4, and 2 of images as small as 8×8. */
function usualPatch({ height, width }: Pick<ImageShape, "height" | "width">): number {
  return Math.min(height, width) < 16 ? 2 : 4;
}

/**
 * The grid of an image.
 *
 * @param shape Size of the image.
 * @param patch Pixels on a side of a patch. @default 4, and 2 of images below 16 pixels
 * @throws {RangeError} When the patches do not fill the image.
 */
export function gridOf(shape: ImageShape, patch: number = usualPatch(shape)): Grid {
  const { height, width, channels } = shape;
  if (!Number.isInteger(patch) || patch < 1 || height % patch !== 0 || width % patch !== 0) {
    throw new RangeError(
      `Cannot cut images into patches: their sides must be multiples of the patch, ` +
        `got ${height}x${width} and a patch of ${patch}`,
    );
  }
  return { rows: height / patch, columns: width / patch, patch, channels };
}

/**
 * Puts patches together to images, in one dispatch.
 *
 * @param tokens `(N, rows · columns, patch · patch · channels)`: each patch row by row, the channels of a
 *   pixel side by side.
 * @param grid The grid.
 * @returns `(N, H, W, C)`.
 */
export function unpatchify(tokens: Tensor, { rows, columns, patch, channels }: Grid): Tensor {
  const count = tokens.shape[0]!;
  // A row of pixels of a patch stays together.
  const pixels = tf.reshape(tokens, [count, rows, columns, patch, patch * channels]);
  const image = tf.transpose(pixels, [0, 1, 3, 2, 4]); //   (N, rows, patch, columns, patch · C)
  return tf.reshape(image, [count, rows * patch, columns * patch, channels]);
}
