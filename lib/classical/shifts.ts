/** More images to train on: each one moved by a pixel. @module */

import type { ImageSet } from "../data/types.ts";

/** The moves, in rows and columns; the first leaves the image where it is. */
const MOVES = [[0, 0], [0, -1], [0, 1], [-1, 0], [1, 0]] as const;

/**
 * The images of a set, then all of them moved by one pixel to the left, to the right, up, and down.
 * What moves in is 0, what moves out is lost.
 *
 * @returns A set five times as large.
 */
export function withShifts({ images, labels, count, height, width }: ImageSet): ImageSet {
  const pixels = height * width;
  const moved = new Uint8Array(MOVES.length * images.length);
  const repeated = new Uint8Array(MOVES.length * count);
  MOVES.forEach(([down, aside], m) => {
    repeated.set(labels, m * count);
    const from = Math.max(0, -aside);
    const to = width - Math.max(0, aside);
    for (let i = 0; i < count; i++) {
      for (let row = Math.max(0, -down); row < height - Math.max(0, down); row++) {
        const source = i * pixels + row * width;
        const target = (m * count + i) * pixels + (row + down) * width + from + aside;
        moved.set(images.subarray(source + from, source + to), target);
      }
    }
  });
  return { images: moved, labels: repeated, count: MOVES.length * count, height, width };
}
