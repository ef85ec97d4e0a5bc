/** Images for the tests of the support vector machine. @module */

import type { ImageSet } from "../../../lib/data/types.ts";
import { Random } from "../../../lib/random.ts";
import { fc } from "../../deps.ts";

/** The images with these numbers, in this order. */
export function select(set: ImageSet, indices: ArrayLike<number>): ImageSet {
  const pixels = set.height * set.width;
  const images = new Uint8Array(indices.length * pixels);
  const labels = new Uint8Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * pixels;
    images.set(set.images.subarray(from, from + pixels), i * pixels);
    labels[i] = set.labels[indices[i]!]!;
  }
  return { ...set, images, labels, count: indices.length };
}

/** Random bytes, of which `ink` of 1 are not zero. */
export function randomBytes(length: number, random: Random, ink = 0.5): Uint8Array {
  return Uint8Array.from({ length }, () => random.float() < ink ? 1 + random.int(255) : 0);
}

/**
 * Images of `width` pixels that a plane separates with a wide gap: those of class `k` have their ink
 * in pixel `k`, and little of it elsewhere.
 */
export function separable(classes: number, count: number, width: number, seed: number): ImageSet {
  const random = new Random(seed, "separable");
  const labels = Uint8Array.from({ length: count }, (_, i) => i % classes);
  const images = new Uint8Array(count * width);
  labels.forEach((label, i) => {
    for (let j = 0; j < width; j++) images[i * width + j] = random.int(80);
    images[i * width + label] = 170 + random.int(86);
  });
  return { images, labels, count, height: 1, width };
}

/** Seeds for {@link Random}. */
export const seeds = fc.integer({ min: 0, max: 2 ** 32 });
