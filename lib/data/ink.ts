/** What is ink in a picture: from colours and transparency to 0 (paper) .. 1 (ink). @module */

import { DataError } from "../errors.ts";
import type { Grey } from "./resize.ts";

/** How much lighter or darker than its paper ink has to be, of the range from black to white. */
const MIN_CONTRAST = 0.05;

/** Visible pixels that spread less than this carry no paper of their own: they are all ink. */
const ONE_TONE = 0.1;

/**
 * The ink of a picture: dark on light, light on dark, any colours, with or without transparency.
 *
 * The paper is the median of the picture's border. Ink is what differs from it in the direction of
 * the strongest difference, less the noise of the paper, stretched so that strokes reach 1.
 *
 * @param rgba Bytes of red, green, blue and opacity, shape `(height, width, 4)`.
 * @throws {DataError} When all is of one shade.
 */
export function findInk(rgba: Uint8Array, width: number, height: number): Grey {
  const values = luminance(rgba);
  const border = borderOf(values, width, height);
  const paper = quantile(border, 0.5);
  const noise = quantile(border.map((v) => Math.abs(v - paper)), 0.5);
  const darkest = values.reduce((a, b) => Math.min(a, b));
  const lightest = values.reduce((a, b) => Math.max(a, b));
  const sign = paper - darkest >= lightest - paper ? -1 : 1;
  const strongest = Math.max(paper - darkest, lightest - paper);
  // Four median deviations are 2.7 standard deviations of normal noise.
  const least = 4 * noise;
  if (strongest < MIN_CONTRAST || strongest <= least) {
    throw new DataError(
      "Cannot find a digit in the picture: ink is lighter or darker than the paper by " +
        `${MIN_CONTRAST} or more of the range, got ${strongest.toFixed(3)}. ` +
        "Draw the digit with more contrast.",
    );
  }
  const ink = values.map((v) => sign * (v - paper) - least);
  // A few glints must not make the strokes pale, so full ink is not the strongest pixel.
  const full = quantile(ink.filter((v) => v > (strongest - least) / 2), 0.75);
  return { values: ink.map((v) => Math.min(1, Math.max(0, v / full))), height, width };
}

/** Luma of ITU-R BT.601 from 0 to 1, laid on a background where the picture is transparent. */
function luminance(rgba: Uint8Array): Float32Array {
  const values = new Float32Array(rgba.length / 4);
  for (let i = 0; i < values.length; i++) {
    values[i] = (0.299 * rgba[4 * i]! + 0.587 * rgba[4 * i + 1]! + 0.114 * rgba[4 * i + 2]!) / 255;
  }
  let isOpaque = true;
  for (let i = 3; i < rgba.length && isOpaque; i += 4) isOpaque = rgba[i] === 255;
  if (isOpaque) return values;
  const opacity = (i: number) => rgba[4 * i + 3]! / 255;
  const background = backgroundFor(values.filter((_, i) => opacity(i) > 0.5));
  return values.map((v, i) => background + opacity(i) * (v - background));
}

/**
 * What lies behind a picture. When all that can be seen is of one tone, that is the ink, and the
 * background its opposite; else the picture has paper of its own, which goes on behind it.
 */
function backgroundFor(visible: Float32Array): number {
  if (visible.length === 0) return 1;
  const middle = quantile(visible, 0.5);
  const spread = quantile(visible, 0.95) - quantile(visible, 0.05);
  if (spread > ONE_TONE) return middle;
  return middle < 0.5 ? 1 : 0;
}

function borderOf(values: Float32Array, width: number, height: number): Float32Array {
  const border: number[] = [];
  for (let x = 0; x < width; x++) border.push(values[x]!, values[(height - 1) * width + x]!);
  for (let y = 0; y < height; y++) border.push(values[y * width]!, values[(y + 1) * width - 1]!);
  return Float32Array.from(border);
}

/** The value below which the part `q` of all values lies. */
function quantile(values: Float32Array, q: number): number {
  const sorted = values.toSorted();
  return sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
}
