/**
 * Virtual support vectors: what a machine leans on, moved by a pixel in each direction, teaches a
 * second machine that a digit stays the same when it is moved.
 *
 * Schölkopf, Burges, Vapnik: *Incorporating invariances in support vector learning machines*, 1996;
 * DeCoste, Schölkopf: *Training invariant support vector machines*, 2002.
 *
 * @module
 */

import type { ImageSet } from "../../data/types.ts";
import type { SVCOptions } from "./options.ts";
import { SVC } from "./svm.ts";

/** Columns to the right and rows down. */
const DIRECTIONS = [[-1, 0], [1, 0], [0, -1], [0, 1]] as const;

/**
 * Trains a second machine on the support vectors of a first and on these moved by one pixel to the
 * left, right, top and bottom: five times as many images as the first has support vectors.
 *
 * @param svm The first machine.
 * @param options What the second does otherwise; kernel, gamma and C are those of the first unless
 * given. Its `support` are numbers of {@link withShifts} of the first one's `supportImages`.
 * @throws {UsageError} As {@link SVC.fit}.
 * @throws {DataError} As {@link SVC.fit}.
 */
export async function fitVirtual(svm: SVC, options: SVCOptions = {}): Promise<SVC> {
  return await SVC.fit(withShifts(svm.supportImages), {
    C: svm.C,
    ...svm.parameters,
    ...options,
  });
}

/** Images, then all of them moved by one pixel to the left, right, top and bottom; 0 moves in. */
export function withShifts(set: ImageSet): ImageSet {
  const { count, height, width } = set;
  const copies = 1 + DIRECTIONS.length;
  const images = new Uint8Array(copies * set.images.length);
  images.set(set.images);
  DIRECTIONS.forEach(([right, down], d) => {
    const start = (d + 1) * set.images.length;
    for (let row = 0; row < count * height; row++) {
      const y = row % height + down;
      if (y < 0 || y >= height) continue;
      const line = set.images.subarray(row * width, (row + 1) * width);
      const target = start + (row + down) * width;
      if (right > 0) images.set(line.subarray(0, width - 1), target + 1);
      else images.set(line.subarray(-right), target);
    }
  });
  const labels = new Uint8Array(copies * count);
  for (let copy = 0; copy < copies; copy++) labels.set(set.labels, copy * count);
  return { images, labels, count: copies * count, height, width };
}
