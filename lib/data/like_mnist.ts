/** Digits normalised as those of MNIST were. @module */

import { centreOfMass, cutOut, type Grey, resize } from "./resize.ts";

const FIELD = 28;
const BOX = 20;

/** Fainter ink than this does not count as part of the digit when it is cut out. */
const EDGE = 0.05;

/**
 * Scales a digit to fit a box of 20x20, keeping its proportions, and places its centre of mass in
 * the centre of a field of 28x28, as described by LeCun, Cortes and Burges, "The MNIST database".
 *
 * @param ink A picture of one digit, values from 0 to 1.
 * @returns Ink from 0 to 1, shape `(28, 28)`.
 */
export function likeMnist(ink: Grey): Float32Array {
  const digit = cutOut(ink, EDGE);
  const factor = BOX / Math.max(digit.width, digit.height);
  const height = Math.max(1, Math.round(digit.height * factor));
  const width = Math.max(1, Math.round(digit.width * factor));
  const small = resize(digit, height, width);
  // Thin strokes fade when they shrink; those of MNIST reach full ink.
  const peak = small.values.reduce((a, b) => Math.max(a, b));
  const [x, y] = centreOfMass(small);
  // The centres of mass of MNIST's own images lie within half a pixel of the pixel (14, 14).
  const left = placeWithin(Math.round(FIELD / 2 - x), FIELD - width);
  const top = placeWithin(Math.round(FIELD / 2 - y), FIELD - height);
  const out = new Float32Array(FIELD * FIELD);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      out[(top + row) * FIELD + left + column] = small.values[row * width + column]! / peak;
    }
  }
  return out;
}

/** Keeps a digit with nearly all its mass on one side from being cut off. */
function placeWithin(place: number, room: number): number {
  return Math.min(room, Math.max(0, place));
}
