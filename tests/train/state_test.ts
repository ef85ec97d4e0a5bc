import { join, tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { Batch } from "../../lib/engine/feed.ts";
import { CheckpointError } from "../../lib/errors.ts";
import { MLP } from "../../lib/models/mlp.ts";
import { Context } from "../../lib/nn/module.ts";
import { EMA } from "../../lib/nn/optim/ema.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import { readSafetensors } from "../../lib/train/checkpoint.ts";
import { trainStep } from "../../lib/train/loop.ts";
import { encodeSafetensors } from "../../lib/train/safetensors.ts";
import {
  initialState,
  loadState,
  saveState,
  STATE_FILE,
  type TrainingState,
} from "../../lib/train/state.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import { withFolder } from "./scratch.ts";

const shape = { height: 4, width: 4, channels: 1, classes: 10 };

function fresh(seed: number): [MLP, Adam] {
  const network = new MLP(shape, new Random(seed, "init"));
  return [network, new Adam(network.namedParameters(), { lr: 0.01 })];
}

/** Steps `from` to `to` on hash images, with dropout. */
function train(network: MLP, optimizer: Adam, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    const images = hashTensor({ shape: [8, 4, 4, 1], seed: step, scale: 1 });
    const batch: Batch = {
      images: tf.tensor4d(images, [8, 4, 4, 1]),
      labels: tf.tensor1d([0, 1, 2, 3, 4, 5, 6, 7], "int32"),
    };
    trainStep(network, optimizer, batch, Context.training(1, step)).dispose();
  }
}

const standing: TrainingState = {
  epoch: 1,
  step: 3,
  lossSums: [0.1 + 0.2],
  lossCount: 24,
  seconds: 1.5,
  records: [{
    epoch: 1,
    steps: 5,
    train_loss: 2.3,
    val_accuracy: null,
    test_accuracy: 0.5,
    lr: 0.01,
    seconds: 1,
  }],
};

Deno.test("a run that is resumed ends in the bits of one that never stopped", async () => {
  const device = await openDevice();
  await withFolder(async (folder) => {
    const [network, optimizer] = fresh(1);
    train(network, optimizer, 0, 3);
    await saveState(folder, standing, { network, optimizer });
    const saved = await network.stateDict();
    train(network, optimizer, 3, 6);

    const [resumed, itsOptimizer] = fresh(2);
    assert.deepEqual(
      await loadState(folder, { network: resumed, optimizer: itsOptimizer }),
      standing,
    );
    assert.deepEqual(await resumed.stateDict(), saved);
    train(resumed, itsOptimizer, 3, 6);
    assert.notDeepEqual(await resumed.stateDict(), saved);
    assert.deepEqual(await resumed.stateDict(), await network.stateDict());
    assert.deepEqual(await itsOptimizer.stateDict(), await optimizer.stateDict());
    assert.equal(itsOptimizer.steps, optimizer.steps);
  });
  device.check();
});

Deno.test("the average of the weights is saved and loaded with them", async () => {
  await openDevice();
  await withFolder(async (folder) => {
    const [network, optimizer] = fresh(1);
    const ema = new EMA(network.namedParameters());
    train(network, optimizer, 0, 2);
    ema.update();
    await saveState(folder, standing, { network, optimizer, ema });
    const [resumed, itsOptimizer] = fresh(2);
    const itsEma = new EMA(resumed.namedParameters());
    await loadState(folder, { network: resumed, optimizer: itsOptimizer, ema: itsEma });
    assert.deepEqual(await itsEma.stateDict(), await ema.stateDict());
    const [without, another] = fresh(1);
    await saveState(folder, standing, { network: without, optimizer: another });
    await assert.rejects(
      loadState(folder, { network: resumed, optimizer: itsOptimizer, ema: itsEma }),
      /the saved averages are of another network/,
    );
  });
});

Deno.test("saveState() replaces the state before it and leaves nothing else", async () => {
  await openDevice();
  await withFolder(async (folder) => {
    const [network, optimizer] = fresh(1);
    await saveState(folder, initialState(), { network, optimizer });
    await saveState(folder, standing, { network, optimizer });
    assert.deepEqual(await loadState(folder, { network, optimizer }), standing);
    assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), [STATE_FILE]);
  });
});

Deno.test("loadState() begins at the beginning where nothing was saved", async () => {
  await openDevice();
  await withFolder(async (folder) => {
    const [network, optimizer] = fresh(1);
    const before = await network.stateDict();
    assert.deepEqual(await loadState(folder, { network, optimizer }), initialState());
    assert.deepEqual(await network.stateDict(), before);
    assert.equal(optimizer.steps, 0);
  });
});

Deno.test("loadState() refuses a damaged state and that of another run", async (t) => {
  await openDevice();
  await withFolder(async (folder) => {
    const [network, optimizer] = fresh(1);
    train(network, optimizer, 0, 1);
    await saveState(folder, standing, { network, optimizer });
    const path = join(folder, STATE_FILE);
    const whole = await Deno.readFile(path);
    const { tensors, metadata } = await readSafetensors(path);
    const refuses = (name: string, make: () => Uint8Array, [network, optimizer] = fresh(2)) =>
      t.step(name, async () => {
        await Deno.writeFile(path, make());
        await assert.rejects(loadState(folder, { network, optimizer }), CheckpointError);
      });
    const withMetadata = (metadata: Record<string, string>) => () =>
      encodeSafetensors({ tensors, metadata });

    await refuses("cut short", () => whole.subarray(0, whole.length - 4));
    await refuses("empty", () => new Uint8Array());
    await refuses("no position", withMetadata({}));
    await refuses("a broken position", withMetadata({ ...metadata, state: "{" }));
    for (const state of ["null", "{}", JSON.stringify({ ...standing, step: -1 })]) {
      await refuses(`the position ${state}`, withMetadata({ ...metadata, state }));
    }
    await refuses("no number of steps", withMetadata({ state: metadata.state! }));
    const withoutMoments = [...tensors].filter(([name]) => !name.endsWith(".exp_avg_sq"));
    await refuses(
      "a missing moment",
      () => encodeSafetensors({ tensors: new Map(withoutMoments), metadata }),
    );
    await t.step("another optimizer", async () => {
      await Deno.writeFile(path, whole);
      const sgd = new SGD(network.namedParameters(), { lr: 0.01, momentum: 0.9 });
      await assert.rejects(loadState(folder, { network, optimizer: sgd }), {
        name: "CheckpointError",
        message: /the saved optimizer state is of another network or optimizer$/,
      });
    });
    await t.step("another network", async () => {
      const other = new MLP({ ...shape, classes: 3 }, new Random(1));
      const adam = new Adam(other.namedParameters(), { lr: 0.01 });
      await assert.rejects(loadState(folder, { network: other, optimizer: adam }), {
        name: "CheckpointError",
        message: /fc3\.weight must have shape \(3, 64\), got \(10, 64\)$/,
      });
    });
  });
});
