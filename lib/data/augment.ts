/**
 * Random deformations of training images: shifts, turns, sizes and elastic fields.
 *
 * What happens to an image depends on the seed, the epoch and the number of the image alone, not on
 * the batch it is in, so runs are reproducible whatever the batch size and order.
 *
 * @module
 */

import { Random } from "../random.ts";
import { type Field, type Pixels, type Warp, warpImage } from "./warp.ts";

/** How far images are deformed; what is left out is not done. */
export interface Augmentation {
  /** Move by up to this many pixels along each axis. @default 0 */
  readonly shift?: number;
  /** Turn by up to this many degrees either way. @default 0 */
  readonly rotate?: number;
  /** Enlarge or shrink by up to this part: 0.1 is from 0.9 to 1.1 times. @default 0 */
  readonly scale?: number;
  /** Bend the strokes. @default none */
  readonly elastic?: Elastic;
}

/** A smooth random field, by Simard, Steinkraus and Platt (ICDAR 2003). */
export interface Elastic {
  /**
   * The strength: white noise from -1 to 1, smoothed, is multiplied by this. Well inside the image
   * a pixel moves by `alpha / (2 √(3π) sigma)` along each axis, as root mean square.
   */
  readonly alpha: number;
  /** The standard deviation of the smoothing Gaussian, in pixels: how long the waves are. */
  readonly sigma: number;
}

/**
 * Deformations that keep the digits readable, in proportion to the images: at 28 pixels, shifts up
 * to 2 and the elastic field of Simard et al. (alpha 34, sigma 4); at 8, shifts up to 0.57.
 *
 * @param side Rows or columns of an image, in pixels.
 */
export function defaultAugmentation(side: number): Required<Augmentation> {
  const size = side / 28;
  return {
    shift: 2 * size,
    rotate: 10,
    scale: 0.1,
    elastic: { alpha: 34 * size ** 2, sigma: 4 * size },
  };
}

/**
 * Where the numbers of an image begin in the stream `"augment"` of the run's seed: block
 * `epoch · 2^32 + index · blocksPerImage(height, width)`. The first block holds the affine part, the
 * others the noise of the elastic field, whether or not they are asked for.
 */
export function blocksPerImage(height: number, width: number): number {
  return 1 + Math.ceil(2 * height * width / 4);
}

/**
 * Writes image `index`, deformed at random, to `out` at `offset`, in the unit of the image.
 *
 * @param random Where the deformation is drawn from. The affine part takes the first four numbers
 * whatever is asked for, so that switching one kind off leaves the others as they were.
 * @throws {RangeError} When an amount is out of range, or the image or the room does not exist.
 */
export function augment(
  out: Uint8Array | Float32Array,
  pixels: Pixels,
  index: number,
  augmentation: Augmentation,
  random: Random,
  offset = 0,
): void {
  const warp = drawWarp(augmentation, pixels.height, pixels.width, random);
  warpImage(out, offset, pixels, index, warp);
}

/**
 * Writes the images of a batch, deformed at random, one after the other to `out`.
 *
 * @param indices The numbers of the images, in the order of the batch.
 * @throws {RangeError} As {@link augment}.
 */
export function augmentBatch(
  out: Uint8Array | Float32Array,
  pixels: Pixels,
  indices: ArrayLike<number>,
  augmentation: Augmentation,
  { seed, epoch }: { seed: number; epoch: number },
): void {
  const { height, width } = pixels;
  const random = new Random(seed, "augment");
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    random.seek(epoch * 2 ** 32 + index * blocksPerImage(height, width));
    augment(out, pixels, index, augmentation, random, i * height * width);
  }
}

/**
 * Fills in what is left out.
 *
 * @throws {RangeError} When an amount is out of range.
 */
export function checkAugmentation(
  { shift = 0, rotate = 0, scale = 0, elastic }: Augmentation,
): Required<Omit<Augmentation, "elastic">> & { readonly elastic: Elastic | undefined } {
  check("shift", shift, shift >= 0, "0 or more pixels");
  check("rotate", rotate, rotate >= 0 && rotate <= 180, "0 to 180 degrees");
  check("scale", scale, scale >= 0 && scale < 1, "from 0 to less than 1");
  if (elastic !== undefined) {
    check("alpha", elastic.alpha, elastic.alpha >= 0, "0 or more");
    check("sigma", elastic.sigma, elastic.sigma > 0, "a positive number of pixels");
  }
  return { shift, rotate, scale, elastic };
}

/**
 * Draws what {@link augment} does to an image.
 *
 * @throws {RangeError} When an amount is out of range.
 */
export function drawWarp(
  augmentation: Augmentation,
  height: number,
  width: number,
  random: Random,
): Warp {
  const { shift, rotate, scale, elastic } = checkAugmentation(augmentation);
  const spread = (limit: number) => limit * (2 * random.float() - 1);
  const affine = {
    dx: spread(shift),
    dy: spread(shift),
    degrees: spread(rotate),
    scale: 1 + spread(scale),
  };
  if (elastic === undefined) return affine;
  return { ...affine, field: elasticField(elastic, height, width, random) };
}

/**
 * A smooth random displacement of every pixel.
 *
 * @throws {RangeError} When alpha is negative or sigma is not positive.
 */
export function elasticField(
  elastic: Elastic,
  height: number,
  width: number,
  random: Random,
): Field {
  checkAugmentation({ elastic });
  const { alpha, sigma } = elastic;
  const kernel = gaussian(sigma);
  const component = () => {
    const noise = new Float32Array(height * width);
    random.fillUniform(noise, -alpha, alpha);
    return blurRows(blurRows(noise, height, width, kernel), width, height, kernel);
  };
  return { x: component(), y: component() };
}

/** A Gaussian of weight 1, cut off at three standard deviations. */
export function gaussian(sigma: number): Float32Array {
  const radius = Math.ceil(3 * sigma);
  const weights = Array.from(
    { length: 2 * radius + 1 },
    (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const sum = weights.reduce((a, b) => a + b);
  return Float32Array.from(weights, (weight) => weight / sum);
}

/** Smooths along the rows, zero outside, and transposes: two of these smooth the whole. */
function blurRows(
  field: Float32Array,
  height: number,
  width: number,
  kernel: Float32Array,
): Float32Array {
  const radius = kernel.length >> 1;
  const out = new Float32Array(width * height);
  // Zeros on both sides spare the inner loop, where nearly all the time goes, any bounds.
  const padded = new Float32Array(width + 2 * radius);
  for (let row = 0; row < height; row++) {
    padded.set(field.subarray(row * width, (row + 1) * width), radius);
    for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let i = 0; i < kernel.length; i++) sum += padded[column + i]! * kernel[i]!;
      out[column * height + row] = sum;
    }
  }
  return out;
}

function check(what: string, value: number, allowed: boolean, rule: string): void {
  if (!allowed || !Number.isFinite(value)) {
    throw new RangeError(`Cannot augment: ${what} is ${rule}, got ${value}.`);
  }
}
