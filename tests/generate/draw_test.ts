import shipped from "../../data/checkpoints/dit-light-mnist.txt" with { type: "text" };
import { openDevice } from "../../lib/device.ts";
import { TensorSizeError } from "../../lib/errors.ts";
import { decodeGenerator } from "../../lib/generate/checkpoint.ts";
import { diffusionTraining } from "../../lib/generate/diffusion.ts";
import { BatchDrawer } from "../../lib/generate/draw.ts";
import { latentDrawer } from "../../lib/generate/latent_drawer.ts";
import type { DiffusionRecipe } from "../../lib/generate/recipe.ts";
import { Generator } from "../../lib/models/gan.ts";
import type { DenoiserName } from "../../lib/models/generators.ts";
import { Random } from "../../lib/random.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";

const shape = { height: 8, width: 8, channels: 1, classes: 10 };
const recipe: DiffusionRecipe = {
  epochs: 1,
  batchSize: 4,
  optimizer: "adam",
  lr: 1e-3,
  schedule: "constant",
  seed: 5,
  process: {
    timesteps: 20,
    noise: "cosine",
    zeroSnr: false,
    prediction: "epsilon",
    range: [-1, 1],
  },
  loss: "mse",
  dropLabels: 0,
  samples: { rows: 1, every: 1, gifEvery: 1, guidance: [1], steps: 4 },
};

for (const [name, side] of [["dit-tiny", 8], ["ddpm", 12], ["cddpm", 8]] as const) {
  Deno.test(`images of ${name} are the same however they are split into batches`, () =>
    checkSplit(name, side));
}

async function checkSplit(name: DenoiserName, side: number): Promise<void> {
  await openDevice();
  const size = side * side;
  const { training } = diffusionTraining(name, { ...shape, height: side, width: side }, recipe);
  const labels = training.labelled ? [3, 1, 4, 1, 5] : undefined;
  const draw = async (batchSize: number) => {
    const drawer = new BatchDrawer((count) => training.drawer({ count, seed: 7 }), batchSize);
    const shares: number[] = [];
    const samples = await drawer.draw({
      count: 5,
      labels,
      frames: 3,
      onProgress: (share) => shares.push(share),
    });
    drawer.dispose();
    assert.equal(shares.at(-1), 1);
    assert.deepEqual(shares, shares.toSorted((a, b) => a - b));
    return samples;
  };
  const whole = await draw(5);
  const split = await draw(2);
  assert.equal(whole.images.length, 5 * size);
  assert.equal(split.frames.length, whole.frames.length);
  assertAllClose(split.images, whole.images, { rtol: 0, atol: 1e-4 });
  assert.deepEqual(whole.frames.at(-1), whole.images);
  // Other noise, other images: the test would not see a drawer that ignores its number.
  const image = (i: number) => whole.images.slice(i * size, (i + 1) * size);
  assert.notDeepEqual(image(1), image(3));
}

Deno.test("a trained network draws the same images in any batches, guided too", async () => {
  const device = await openDevice();
  const { info, network: trained } = decodeGenerator(Uint8Array.fromBase64(shipped), "shipped");
  const { network, training } = diffusionTraining("dit-light", info.shape, {
    ...recipe,
    process: info.process!,
    dropLabels: 0.1,
    samples: { ...recipe.samples, steps: 10 },
  });
  network.loadStateDict(await trained.stateDict());
  const labels = [2, 0, 2, 6, 9];
  const draw = async (batchSize: number) => {
    const make = (count: number) => training.drawer({ count, seed: 7, guidance: 2 });
    const drawer = new BatchDrawer(make, batchSize);
    const { images } = await drawer.draw({ count: 5, labels });
    drawer.dispose();
    return images;
  };
  const whole = await draw(5);
  assert.deepEqual(await draw(5), whole, "the same bits again");
  for (const batchSize of [1, 2, 4]) {
    assertAllClose(await draw(batchSize), whole, { rtol: 0, atol: 1e-4 });
  }
  device.check();
  trained.dispose();
  network.dispose();
});

Deno.test("a batch that the adapter cannot hold is drawn in halves", async () => {
  const made: number[] = [];
  const make = (batchSize: number) => {
    made.push(batchSize);
    return {
      sample({ first = 0 } = {}) {
        if (batchSize > 2) throw new TensorSizeError(batchSize * 4, 8);
        const images = Float32Array.from({ length: batchSize }, (_, i) => first + i);
        return Promise.resolve({ images, frames: [] });
      },
      dispose() {},
    };
  };
  const drawer = new BatchDrawer(make, 7);
  assert.deepEqual([...(await drawer.draw({ count: 5, labels: undefined })).images], [
    0,
    1,
    2,
    3,
    4,
  ]);
  await drawer.draw({ count: 3, labels: undefined });
  assert.deepEqual(made, [7, 4, 2], "and what was found is kept");

  const never = new BatchDrawer(() => ({
    sample: () => Promise.reject(new TensorSizeError(16, 8)),
    dispose() {},
  }), 4);
  await assert.rejects(never.draw({ count: 1, labels: undefined }), TensorSizeError);
});

Deno.test("a generator of one pass draws by seed and number", async () => {
  await openDevice();
  const generator = new Generator(shape, new Random(2, "init"));
  const draw = async (count: number, first: number, seed = 1) =>
    (await latentDrawer(generator, count, seed).sample({ first })).images;
  const whole = await draw(4, 0);
  assertAllClose(await draw(2, 2), whole.subarray(128), { rtol: 0, atol: 1e-6 });
  assert.notDeepEqual(await draw(4, 0, 2), whole);
  await assert.rejects(
    () => latentDrawer(generator, 1, 1).sample({ labels: [1] }),
    /it has no labels, got some/,
  );
  generator.dispose();
});
