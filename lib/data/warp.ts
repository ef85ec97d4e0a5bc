/** Moves the pixels of one image: an affine map and a displacement field in one resampling. @module */

/** A displacement of every pixel, in pixels, row by row. */
export interface Field {
  /** To the right, shape `(height, width)`. */
  readonly x: Float32Array;
  /** Downwards, shape `(height, width)`. */
  readonly y: Float32Array;
}

/** What to do with an image. */
export interface Warp {
  /** Move to the right, in pixels. */
  readonly dx: number;
  /** Move downwards, in pixels. */
  readonly dy: number;
  /** Turn about the centre, anticlockwise as one sees it, in degrees. */
  readonly degrees: number;
  /** Enlarge about the centre by this factor. */
  readonly scale: number;
  /** Where each pixel of the result looks in addition, before the rest is undone. */
  readonly field?: Field;
}

/** Pixels of images, and the size of one. */
export interface Pixels {
  /** Pixel values, shape `(count, height, width)`. */
  readonly images: Uint8Array | Float32Array;
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
}

/**
 * Writes image `index`, warped, to `out` at `offset`.
 *
 * Every pixel `p` of the result is read between the pixels of the image (bilinear; zero outside) at
 *
 * `c + R⁻¹ (p + field(p) − c − t) / scale`
 *
 * with the centre `c`, the rotation `R` and the translation `t = (dx, dy)`: one resampling, so that
 * several deformations blur the strokes no more than one. Bytes are rounded to the nearest.
 *
 * @throws {RangeError} When the image does not exist or does not fit into `out`.
 */
export function warpImage(
  out: Uint8Array | Float32Array,
  offset: number,
  { images, height, width }: Pixels,
  index: number,
  { dx, dy, degrees, scale, field }: Warp,
): void {
  const start = index * height * width;
  if (!(start >= 0) || start + height * width > images.length) {
    throw new RangeError(`Cannot warp image ${index}: there are ${images.length} pixels in all.`);
  }
  if (!(offset >= 0) || offset + height * width > out.length) {
    throw new RangeError(`Cannot warp into ${out.length} values at ${offset}: no room.`);
  }
  const rounding = out instanceof Uint8Array ? 0.5 : 0;
  const cos = Math.cos(degrees * Math.PI / 180) / scale;
  const sin = Math.sin(degrees * Math.PI / 180) / scale;
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  let at = offset;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      let x = column - centreX - dx;
      let y = row - centreY - dy;
      if (field !== undefined) {
        x += field.x[at - offset]!;
        y += field.y[at - offset]!;
      }
      // y points down, so undoing an anticlockwise turn is this matrix.
      const fromX = centreX + cos * x - sin * y;
      const fromY = centreY + sin * x + cos * y;
      out[at] = bilinear(images, start, height, width, fromX, fromY) + rounding;
    }
  }
}

function bilinear(
  images: Uint8Array | Float32Array,
  start: number,
  height: number,
  width: number,
  x: number,
  y: number,
): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const fx = x - left;
  const fy = y - top;
  const at = start + top * width + left;
  if (left >= 0 && top >= 0 && left < width - 1 && top < height - 1) {
    const upper = images[at]! + fx * (images[at + 1]! - images[at]!);
    const lower = images[at + width]! + fx * (images[at + width + 1]! - images[at + width]!);
    return upper + fy * (lower - upper);
  }
  const inLeft = left >= 0 && left < width;
  const inRight = left >= -1 && left < width - 1;
  let value = 0;
  if (top >= 0 && top < height) {
    if (inLeft) value += (1 - fx) * (1 - fy) * images[at]!;
    if (inRight) value += fx * (1 - fy) * images[at + 1]!;
  }
  if (top >= -1 && top < height - 1) {
    if (inLeft) value += (1 - fx) * fy * images[at + width]!;
    if (inRight) value += fx * fy * images[at + width + 1]!;
  }
  return value;
}
