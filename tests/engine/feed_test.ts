import { type Augmentation, defaultAugmentation } from "../../lib/data/augment.ts";
import type { ImageSet } from "../../lib/data/types.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { Feed } from "../../lib/engine/feed.ts";
import { Random } from "../../lib/random.ts";
import { makeBatch } from "../../lib/train/batches.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";

const SEED = 2 ** 40 + 5;

/** Smooth images: where a pixel is looked up a little aside, the value is a little off only. */
function imageSet(count: number, height: number, width: number, maxValue: number): ImageSet {
  const images = Uint8Array.from({ length: count * height * width }, (_, i) => {
    const [n, y, x] = [Math.floor(i / height / width), Math.floor(i / width) % height, i % width];
    return maxValue * (0.5 + 0.5 * Math.sin(n + y / 3) * Math.cos(x / 4 - n));
  });
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  return { count, height, width, images, labels };
}

interface Case {
  readonly set: ImageSet;
  readonly maxValue: number;
  readonly batchSize: number;
  readonly augmentation?: Augmentation;
}

/** The batch of every step of two epochs, against the one that the CPU makes. */
async function checkEpochs({ set, maxValue, batchSize, augmentation }: Case): Promise<void> {
  const device = await openDevice();
  const clock = new Clock();
  const augment = augmentation && { augmentation, seed: SEED };
  const feed = new Feed(set, { maxValue, batchSize, clock, ...(augment && { augment }) });
  for (const epoch of [1, 2]) {
    const order = new Random(epoch, "order").permutation(set.count);
    feed.startEpoch(order);
    for (let step = 0; step < feed.steps; step++) {
      const size = step === feed.steps - 1 ? feed.lastBatchSize : batchSize;
      const indices = order.subarray(step * batchSize, step * batchSize + size);
      const stream = { seed: SEED, epoch };
      const expected = makeBatch(set, indices, {
        maxValue,
        augment: augmentation && { augmentation, stream },
      });
      const { images, labels } = feed.batch(size);
      device.check();
      assert.deepEqual(images.shape, expected.images.shape);
      // A lookup that is off by a thousandth of a pixel.
      const tolerance = { rtol: 0, atol: augmentation ? 1e-3 : 1e-6 };
      assertAllClose(await images.data(), await expected.images.data(), tolerance);
      assert.deepEqual(await labels.data(), await expected.labels.data());
      tf.dispose([images, labels, expected.images, expected.labels]);
      clock.advance();
    }
  }
  feed.dispose();
  clock.dispose();
  device.check();
}

Deno.test("a Feed gathers the batches of each epoch's order", async () => {
  await checkEpochs({ set: imageSet(23, 5, 7, 16), maxValue: 16, batchSize: 8 });
  await checkEpochs({ set: imageSet(130, 28, 28, 255), maxValue: 255, batchSize: 65 });
  await checkEpochs({ set: imageSet(3, 1, 1, 255), maxValue: 255, batchSize: 3 });
});

Deno.test("a Feed moves, turns and scales images as augmentBatch() does", async () => {
  const augmentation = { shift: 2, rotate: 30, scale: 0.3 };
  await checkEpochs({ set: imageSet(12, 28, 28, 255), maxValue: 255, batchSize: 5, augmentation });
  await checkEpochs({ set: imageSet(7, 5, 9, 16), maxValue: 16, batchSize: 7, augmentation });
});

Deno.test("a Feed bends images as augmentBatch() does", async () => {
  const augmentation = defaultAugmentation(28);
  await checkEpochs({ set: imageSet(9, 28, 28, 255), maxValue: 255, batchSize: 4, augmentation });
  const odd = { elastic: { alpha: 6, sigma: 1.3 } };
  await checkEpochs({
    set: imageSet(5, 9, 11, 16),
    maxValue: 16,
    batchSize: 3,
    augmentation: odd,
  });
});

Deno.test("a Feed scales pixels to the range that it is asked for", async () => {
  await openDevice();
  const clock = new Clock();
  const set = { ...imageSet(1, 1, 3, 255), images: Uint8Array.of(0, 51, 255) };
  const feed = new Feed(set, { maxValue: 255, batchSize: 1, clock, range: [0, 1] });
  const { images } = feed.batch(1);
  assertAllClose(await images.data(), [0, 0.2, 1], { rtol: 0, atol: 1e-7 });
});

Deno.test("a Feed refuses amounts out of range", async () => {
  await openDevice();
  const augment = { augmentation: { shift: -1 }, seed: 1 };
  const options = { maxValue: 255, batchSize: 1, clock: new Clock(), augment };
  assert.throws(() => new Feed(imageSet(1, 3, 3, 255), options), RangeError);
});
