import { padDataset, padImages } from "../../lib/data/pad.ts";
import { digits } from "../../lib/data/digits.ts";
import type { ImageSet } from "../../lib/data/types.ts";
import { assert } from "../deps.ts";

const set: ImageSet = {
  images: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  labels: Uint8Array.of(3, 4),
  count: 2,
  height: 2,
  width: 3,
};

Deno.test("images stand in the middle of the square", () => {
  const padded = padImages(set, 5);
  assert.deepEqual([padded.height, padded.width, padded.count], [5, 5, 2]);
  const row = (image: number, y: number) =>
    [...padded.images.subarray(image * 25 + y * 5)].slice(0, 5);
  assert.deepEqual([0, 1, 2, 3, 4].map((y) => row(0, y)), [
    [0, 0, 0, 0, 0],
    [0, 1, 2, 3, 0],
    [0, 4, 5, 6, 0],
    [0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
  ]);
  assert.deepEqual(row(1, 2), [0, 10, 11, 12, 0]);
  assert.equal(padded.labels, set.labels);
});

Deno.test("a square that is too small is refused", () => {
  assert.throws(() => padImages(set, 2), /the square must hold 2x3, got a side of 2/);
});

Deno.test("a data set is padded whole", async () => {
  const padded = padDataset(await digits(), 12);
  assert.deepEqual([padded.train.height, padded.test.width], [12, 12]);
  assert.equal(padded.train.images.length, 1437 * 144);
});
