/** Digits normalised as those of the UCI set of 8x8 digits were. @module */

import { centreOfMass, cutOut, type Grey, resize } from "./resize.ts";

const SIDE = 8;
const BLOCK = 4;
const FIELD = SIDE * BLOCK;

/** Nearly all digits of the set keep to the columns 1 to 6, that is to 20 of the bitmap's 32. */
const WIDEST = 20;

/** Digits are stretched sideways at most this much: a bar does not become a block. */
const MAX_STRETCH = 2;

/** From this part of the strongest ink on, a pixel is black. */
const BLACK = 0.4;

/** The least part of the bitmap that is black; the set has 0.31 on the average. */
const LEAST_BLACK = 0.25;

/**
 * Makes a bitmap of 32x32 of a digit and counts the pixels in every block of 4x4.
 *
 * The bitmap follows NIST's preprocessing (Garris et al., "NIST form-based handprint recognition
 * system", NISTIR 5469): the digit is set upright by a shear, scaled to the full height and 20
 * columns, and strokes that are too thin are widened.
 *
 * @param ink A picture of one digit, values from 0 to 1.
 * @returns Ink from 0 to 1 in steps of 1/16, shape `(8, 8)`.
 */
export function likeUci(ink: Grey): Float32Array {
  const digit = cutOut(upright(cutOut(ink, BLACK)), BLACK);
  const natural = digit.width * FIELD / digit.height;
  const width = Math.max(1, Math.round(Math.min(WIDEST, MAX_STRETCH * natural)));
  const { values } = resize(digit, FIELD, width);
  const left = (FIELD - width) >> 1;
  // Thin strokes fade when they shrink, so what is black is measured by the strongest of them.
  const least = BLACK * values.reduce((a, b) => Math.max(a, b));
  let bitmap = new Uint8Array(FIELD * FIELD);
  values.forEach((value, i) => {
    bitmap[Math.floor(i / width) * FIELD + left + i % width] = value < least ? 0 : 1;
  });
  while (count(bitmap) < LEAST_BLACK * bitmap.length) bitmap = widened(bitmap);
  const out = new Float32Array(SIDE * SIDE);
  bitmap.forEach((black, i) => {
    const [row, column] = [Math.floor(i / FIELD), i % FIELD];
    out[Math.floor(row / BLOCK) * SIDE + Math.floor(column / BLOCK)]! += black / BLOCK ** 2;
  });
  return out;
}

/** Shears a picture sideways until its mass no longer leans. */
function upright(picture: Grey): Grey {
  const { values, height, width } = picture;
  const [centreX, centreY] = centreOfMass(picture);
  let [covariance, variance] = [0, 0];
  values.forEach((value, i) => {
    const y = Math.floor(i / width) - centreY;
    covariance += value * (i % width - centreX) * y;
    variance += value * y * y;
  });
  const lean = variance > 0 ? covariance / variance : 0;
  const margin = Math.ceil(Math.abs(lean) * height) + 1;
  const newWidth = width + 2 * margin;
  const out = new Float32Array(height * newWidth);
  for (let row = 0; row < height; row++) {
    const shift = lean * (row - centreY) - margin;
    const whole = Math.floor(shift);
    const fraction = shift - whole;
    for (let column = 0; column < newWidth; column++) {
      const from = column + whole;
      const here = from >= 0 && from < width ? values[row * width + from]! : 0;
      const next = from >= -1 && from < width - 1 ? values[row * width + from + 1]! : 0;
      out[row * newWidth + column] = here + fraction * (next - here);
    }
  }
  return { values: out, height, width: newWidth };
}

/** Blackens the four neighbours of every black pixel. */
function widened(bitmap: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bitmap.map((black, i) => {
    const column = i % FIELD;
    const left = column > 0 && bitmap[i - 1];
    const right = column < FIELD - 1 && bitmap[i + 1];
    return black || left || right || bitmap[i - FIELD] || bitmap[i + FIELD] ? 1 : 0;
  });
}

function count(bitmap: Uint8Array): number {
  return bitmap.reduce((a, b) => a + b, 0);
}
