/** The training loop of a classifier. @module */

import { defaultAugmentation } from "../data/augment.ts";
import { epochOrder } from "../data/shuffle.ts";
import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import type { Device } from "../device.ts";
import { collectIfDue } from "../engine/collect.ts";
import { TrainingError } from "../errors.ts";
import { crossEntropy } from "../nn/loss.ts";
import { Context, type Module } from "../nn/module.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import { Random } from "../random.ts";
import { type Batch, makeBatch } from "./batches.ts";
import type { Progress } from "./progress.ts";
import { makeSchedule, type Recipe } from "./recipe.ts";
import type { EpochRecord, TrainingState } from "./state.ts";
import type { Scalar } from "../tensor.ts";

/** What {@link trainClassifier} trains, on what, and whom it tells. */
export interface TrainingJob {
  /** The open device. */
  readonly device: Device;
  /** The network; its weights are updated in place. */
  readonly network: Module;
  /** Its optimizer. */
  readonly optimizer: Optimizer;
  /** How to train. */
  readonly recipe: Recipe;
  /** The training images, without any validation split. */
  readonly train: ImageSet;
  /** The pixel value of full ink. */
  readonly maxValue: number;
  /** Where the run stands; the loop keeps it up to date. */
  readonly state: TrainingState;
  /** Where progress is reported. */
  readonly progress: Progress;
  /** Measures accuracy at the end of an epoch. */
  readonly evaluate: () => Promise<Pick<EpochRecord, "val_accuracy" | "test_accuracy">>;
  /** Saves state and network at the end of an epoch, and within long ones. */
  readonly save: () => Promise<void>;
  /** Stops the run after the current step, with the state saved. */
  readonly signal?: AbortSignal;
}

/** Within an epoch the state is saved about this often, in ms. */
const SAVE_INTERVAL = 60_000;
/** The losses of a window of steps are read together; a window should last about this long, in ms. */
const READ_INTERVAL = 400;
/** The longest window, in steps. */
const MAX_WINDOW = 64;

/** One forward and backward pass and an update. Returns the loss, a scalar on the GPU. */
export function trainStep(
  network: Module,
  optimizer: Optimizer,
  batch: Batch,
  context: Context,
): Scalar {
  return tf.tidy(() => {
    const loss = () => crossEntropy(network.forward(batch.images, context), batch.labels);
    const { value, grads } = tf.variableGrads(loss, optimizer.variables);
    optimizer.step(grads);
    return value;
  });
}

/** Steps in an epoch of `count` images. */
export function stepsPerEpoch(count: number, batchSize: number): number {
  return Math.ceil(count / batchSize);
}

/**
 * Trains until the recipe's last epoch, from wherever `job.state` stands.
 *
 * @throws {TrainingError} When a loss is not a finite number; the last saved state is from before.
 * @throws {DeviceError} When the device reports an error or is lost.
 * @throws The reason of `job.signal` when it stops the run.
 */
export async function trainClassifier(job: TrainingJob): Promise<void> {
  const { state, recipe, train } = job;
  const steps = stepsPerEpoch(train.count, recipe.batchSize);
  while (state.epoch < recipe.epochs) {
    const started = performance.now() - state.seconds * 1000;
    await trainEpoch(job, steps, started);
    const accuracies = await job.evaluate();
    state.seconds = (performance.now() - started) / 1000;
    finishEpoch(job, steps, accuracies);
    await job.save();
  }
}

async function trainEpoch(job: TrainingJob, steps: number, started: number): Promise<void> {
  const { state, recipe, train, device, optimizer, network } = job;
  const { seed, batchSize } = recipe;
  const epoch = state.epoch + 1;
  const augmentation = recipe.augmentation ?? defaultAugmentation(train.height);
  const order = epochOrder(seed, epoch, train.count);
  const schedule = makeSchedule(recipe, recipe.epochs * steps);
  const window = new LossWindow();
  let lastSave = performance.now();

  while (state.step < steps) {
    const globalStep = state.epoch * steps + state.step;
    const from = state.step * batchSize;
    const batch = makeBatch(train, order.subarray(from, from + batchSize), {
      maxValue: job.maxValue,
      augment: recipe.augment ? { augmentation, stream: { seed, epoch } } : undefined,
    });
    optimizer.lr = recipe.lr * schedule(globalStep);
    const context = new Context((stream) => new Random(seed, "forward", globalStep, stream));
    window.push(trainStep(network, optimizer, batch, context), batch.labels.size);
    tf.dispose([batch.images, batch.labels]);
    collectIfDue();
    state.step++;

    const stop = job.signal?.aborted ?? false;
    const saveDue = performance.now() - lastSave > SAVE_INTERVAL;
    if (window.full || stop || saveDue || state.step === steps) {
      await window.read((sum, count) => {
        state.lossSum += sum;
        state.lossCount += count;
      });
      device.check();
      state.seconds = (performance.now() - started) / 1000;
      const loss = state.lossSum / state.lossCount;
      if (!Number.isFinite(loss)) {
        throw new TrainingError(
          `Cannot go on: the loss is no longer a finite number in epoch ${epoch}, ` +
            `step ${state.step}. Try a smaller --lr than ${recipe.lr}`,
        );
      }
      job.progress.update({ epoch, epochs: recipe.epochs, step: state.step, steps, loss });
    }
    if (stop || (saveDue && state.step < steps)) {
      await job.save();
      lastSave = performance.now();
    }
    if (stop) throw job.signal!.reason;
  }
}

function finishEpoch(
  job: TrainingJob,
  steps: number,
  accuracies: Pick<EpochRecord, "val_accuracy" | "test_accuracy">,
): void {
  const { state, recipe, progress } = job;
  const record: EpochRecord = {
    epoch: state.epoch + 1,
    steps: (state.epoch + 1) * steps,
    train_loss: state.lossSum / state.lossCount,
    ...accuracies,
    lr: job.optimizer.lr,
    seconds: state.seconds,
  };
  state.records.push(record);
  state.epoch++;
  state.step = 0;
  state.lossSum = 0;
  state.lossCount = 0;
  const [name, accuracy] = record.val_accuracy === null
    ? ["test", record.test_accuracy]
    : ["validation", record.val_accuracy];
  progress.line(
    `epoch ${record.epoch}/${recipe.epochs}  loss ${record.train_loss.toFixed(4)}  ` +
      `${name} accuracy ${((accuracy ?? 0) * 100).toFixed(2)} %  ${record.seconds.toFixed(1)} s`,
  );
}

/**
 * Losses on the GPU that wait to be read together: each read waits for the device and costs 10 ms
 * or more.
 */
class LossWindow {
  #losses: Scalar[] = [];
  #counts: number[] = [];
  #capacity = 1;
  #opened = performance.now();

  push(loss: Scalar, count: number): void {
    this.#losses.push(loss);
    this.#counts.push(count);
  }

  get full(): boolean {
    return this.#losses.length >= this.#capacity;
  }

  /**
   * Passes the losses, each summed over its batch, to `add` and forgets them. One by one, so that
   * an epoch's sum is rounded alike wherever its windows happen to end.
   */
  async read(add: (sum: number, count: number) => void): Promise<void> {
    const stacked = tf.stack(this.#losses);
    const values = await stacked.data();
    tf.dispose([stacked, ...this.#losses]);
    this.#counts.forEach((count, i) => add(values[i]! * count, count));
    const now = performance.now();
    const perStep = (now - this.#opened) / this.#losses.length;
    this.#capacity = Math.max(1, Math.min(MAX_WINDOW, Math.round(READ_INTERVAL / perStep)));
    this.#opened = now;
    this.#losses = [];
    this.#counts = [];
  }
}
