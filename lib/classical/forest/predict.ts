/** What a forest says of images. @module */

import { CLASSES } from "../labels.ts";
import type { Model } from "./model.ts";

/** How many images go through a tree together: they and the tree fit the processor's cache. */
const BLOCK = 512;

/**
 * The probabilities of the classes: the mean over all trees of the parts that the classes have in
 * the leaf that the image falls into.
 *
 * @param images Pixels, shape `(count, height, width)`.
 * @returns Shape `(count, 10)`; each row adds up to 1.
 */
export function probabilities(model: Model, images: Uint8Array): Float64Array<ArrayBuffer> {
  const { nodes, right, roots, leaves } = model;
  const features = model.height * model.width;
  const count = images.length / features;
  const sums = new Float64Array(count * CLASSES);
  for (let first = 0; first < count; first += BLOCK) {
    const end = Math.min(first + BLOCK, count);
    for (let t = 0; t < roots.length; t++) {
      for (let i = first; i < end; i++) {
        let node = roots[t]!;
        let word = nodes[node]!;
        while (word >= 0) {
          node = images[i * features + (word >> 8)]! <= (word & 255) ? node + 1 : right[node]!;
          word = nodes[node]!;
        }
        const row = -1 - word;
        if (row < CLASSES) sums[i * CLASSES + row]!++;
        else for (let c = 0; c < CLASSES; c++) sums[i * CLASSES + c]! += leaves[row * CLASSES + c]!;
      }
    }
  }
  for (let k = 0; k < sums.length; k++) sums[k]! /= roots.length;
  return sums;
}

/** The most probable class of each row of `(count, 10)`; of several, the lowest. */
export function mostProbable(rows: Float64Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: rows.length / CLASSES }, (_, i) => {
    let best = 0;
    for (let c = 1; c < CLASSES; c++) {
      if (rows[i * CLASSES + c]! > rows[i * CLASSES + best]!) best = c;
    }
    return best;
  });
}
