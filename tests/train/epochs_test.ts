import { type EpochsJob, trainEpochs } from "../../lib/train/epochs.ts";
import { Progress } from "../../lib/train/progress.ts";
import type { TrainingState } from "../../lib/train/state.ts";
import { assert } from "../deps.ts";

type Job = EpochsJob<object>;

/** A run of epochs with four steps each, all with a loss of 2, and what happened in it. */
function job(change: (happened: string[], state: Job["state"]) => Partial<Job>) {
  const happened: string[] = [];
  const state: TrainingState<object> = {
    epoch: 0,
    step: 0,
    lossSums: [],
    lossCount: 0,
    seconds: 0,
    records: [],
  };
  const whole: Job = {
    device: { check: () => {} } as Job["device"],
    stepper: {
      steps: 4,
      startEpoch: (epoch) => happened.push(`epoch ${epoch}`),
      run(from, count) {
        happened.push(`steps ${from} to ${from + count}`);
        return Promise.resolve(Array.from({ length: count }, () => ({ losses: [2], images: 8 })));
      },
      dispose: () => happened.push("disposed"),
    },
    optimizer: { steps: 0 },
    recipe: {
      epochs: 2,
      batchSize: 8,
      optimizer: "sgd",
      lr: 0.1,
      schedule: "constant",
      seed: 1,
    },
    state,
    progress: new Progress({ quiet: true }),
    measure: ([loss]) => {
      happened.push(`measured at ${loss}`);
      return Promise.resolve({});
    },
    describe: () => "",
    save: () => {
      happened.push(`saved at ${state.epoch}.${state.step}`);
      return Promise.resolve();
    },
  };
  return { job: { ...whole, ...change(happened, state) }, state, happened };
}

Deno.test("trainEpochs() measures and saves after each epoch", async () => {
  const { job: whole, happened, state } = job(() => ({}));
  await trainEpochs(whole);
  const others = happened.filter((line) => !line.startsWith("steps"));
  assert.deepEqual(others, [
    ...["epoch 1", "measured at 2", "saved at 1.0"],
    ...["epoch 2", "measured at 2", "saved at 2.0"],
    "disposed",
  ]);
  assert.deepEqual(state.records.map(({ steps, train_loss }) => [steps, train_loss]), [
    [4, 2],
    [8, 2],
  ]);
});

Deno.test("trainEpochs() keeps the steps of an epoch whose measuring was stopped", async () => {
  const stop = new AbortController();
  const { job: stopped, happened, state } = job((happened) => ({
    signal: stop.signal,
    measure: () => {
      happened.push("stopped");
      stop.abort(new Error("by a signal"));
      return Promise.reject(stop.signal.reason);
    },
  }));
  await assert.rejects(trainEpochs(stopped), /by a signal/);
  assert.deepEqual(happened.slice(-3), ["stopped", "saved at 0.4", "disposed"]);

  happened.length = 0;
  await trainEpochs({ ...stopped, signal: undefined, measure: () => Promise.resolve({}) });
  assert.deepEqual(happened.slice(0, 2), ["epoch 1", "saved at 1.0"]);
  assert.equal(state.records[0]!.train_loss, 2);
});

Deno.test("trainEpochs() saves nothing where measuring fails by itself", async () => {
  const { job: broken, happened } = job(() => ({
    measure: () => Promise.reject(new Error("broken")),
  }));
  await assert.rejects(trainEpochs(broken), /broken/);
  assert.deepEqual(happened.filter((line) => line.startsWith("saved")), []);
});
