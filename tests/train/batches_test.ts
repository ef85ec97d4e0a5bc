import type { ImageSet } from "../../lib/data/types.ts";
import { openDevice } from "../../lib/device.ts";
import { makeBatch, scaleImages } from "../../lib/train/batches.ts";
import { assert } from "../deps.ts";

/** Five images of 2x3 whose pixels say where they are from. */
const set: ImageSet = {
  images: Uint8Array.from({ length: 30 }, (_, i) => i),
  labels: Uint8Array.of(9, 8, 7, 6, 5),
  count: 5,
  height: 2,
  width: 3,
};

Deno.test("makeBatch() gathers images and labels in the order asked for", async () => {
  await openDevice();
  const { images, labels } = makeBatch(set, Uint32Array.of(4, 0, 4), { maxValue: 60 });
  assert.deepEqual(images.shape, [3, 2, 3, 1]);
  assert.equal(labels.dtype, "int32");
  assert.deepEqual([...await labels.data()], [5, 9, 5]);
  const pixels = [24, 25, 26, 27, 28, 29, 0, 1, 2, 3, 4, 5, 24, 25, 26, 27, 28, 29];
  const expected = pixels.map((x) => Math.fround(x / 60 * 2 - 1));
  (await images.data()).forEach((x, i) => assert.ok(Math.abs(x - expected[i]!) < 1e-7));
});

Deno.test("scaleImages() maps 0 to -1 and full ink to 1", () => {
  for (const maxValue of [16, 255]) {
    const images = Float32Array.of(0, maxValue / 2, maxValue);
    scaleImages(images, maxValue);
    assert.deepEqual([...images], [-1, 0, 1]);
  }
});

Deno.test("makeBatch() moves an image by its number and the epoch, not by its place", async () => {
  await openDevice();
  const side = 12;
  const spots: ImageSet = {
    images: Uint8Array.from({ length: 3 * side * side }, (_, i) => i % 7 === 0 ? 255 : 0),
    labels: Uint8Array.of(0, 1, 2),
    count: 3,
    height: side,
    width: side,
  };
  const augmentation = { rotate: 15, scale: 0.1, shift: 2 };
  const batch = async (indices: number[], epoch: number, augmented = true) => {
    const augment = augmented ? { augmentation, stream: { seed: 1, epoch } } : undefined;
    const { images } = makeBatch(spots, indices, { maxValue: 255, augment });
    const values = await images.data();
    return indices.map((_, k) => [...values.slice(k * side * side, (k + 1) * side * side)]);
  };
  const [first, second] = await batch([1, 2], 1);
  assert.deepEqual(await batch([2, 1], 1), [second, first]);
  assert.notDeepEqual((await batch([1], 2))[0], first, "the next epoch");
  assert.notDeepEqual((await batch([1], 1, false))[0], first, "the image itself");
});
