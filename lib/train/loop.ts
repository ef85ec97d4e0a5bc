/** The training loop of a classifier. @module */

import { defaultAugmentation } from "../data/augment.ts";
import { epochOrder } from "../data/shuffle.ts";
import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import type { Device } from "../device.ts";
import { Clock } from "../engine/clock.ts";
import { type Batch, Feed } from "../engine/feed.ts";
import { type CompiledStep, compileStep, eagerStep } from "../engine/step.ts";
import { TrainingError } from "../errors.ts";
import { crossEntropy, type CrossEntropyOptions } from "../nn/loss.ts";
import { Context, type Module } from "../nn/module.ts";
import type { EMA } from "../nn/optim/ema.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import type { Scalar } from "../tensor.ts";
import type { Progress } from "./progress.ts";
import { makeSchedule, type Recipe } from "./recipe.ts";
import type { EpochRecord, TrainingState } from "./state.ts";

/** What {@link trainClassifier} trains, on what, and whom it tells. */
export interface TrainingJob {
  /** The open device. */
  readonly device: Device;
  /** The network; its weights are updated in place. */
  readonly network: Module;
  /** Its optimizer. */
  readonly optimizer: Optimizer;
  /** The average of the weights, which the steps keep. @default none */
  readonly ema?: EMA | undefined;
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
  /** Stops the run after the current steps, with the state saved. */
  readonly signal?: AbortSignal;
  /** Runs every step through tfjs instead of replaying a recording. @default false */
  readonly eager?: boolean;
}

/** Within an epoch the state is saved about this often, in ms. */
const SAVE_INTERVAL = 60_000;
/** The losses of a window of steps are read together; a window should last about this long, in ms. */
const READ_INTERVAL = 400;
/** The longest window, in steps. */
const MAX_WINDOW = 256;

/** One forward and backward pass and an update. Returns the loss, a scalar on the GPU. */
export function trainStep(
  network: Module,
  optimizer: Optimizer,
  batch: Batch,
  context: Context,
  options: CrossEntropyOptions = {},
): Scalar {
  return tf.tidy(() => {
    const loss = () => crossEntropy(network.forward(batch.images, context), batch.labels, options);
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
  const { state, recipe } = job;
  if (state.epoch === recipe.epochs) return;
  const stepper = new Stepper(job);
  try {
    while (state.epoch < recipe.epochs) {
      const started = performance.now() - state.seconds * 1000;
      await trainEpoch(job, stepper, started);
      const accuracies = await job.evaluate();
      state.seconds = (performance.now() - started) / 1000;
      finishEpoch(job, stepper.steps, accuracies);
      await job.save();
    }
  } finally {
    stepper.dispose();
  }
}

async function trainEpoch(job: TrainingJob, stepper: Stepper, started: number): Promise<void> {
  const { state, recipe } = job;
  const { steps } = stepper;
  const epoch = state.epoch + 1;
  stepper.startEpoch(epoch);
  let lastSave = performance.now();
  let window = 1;

  while (state.step < steps) {
    const opened = performance.now();
    const losses = await stepper.run(state.step, Math.min(window, steps - state.step));
    job.device.check();
    // One by one, so that the sum is rounded alike wherever windows happen to end.
    for (const { loss, images } of losses) {
      state.lossSum += loss * images;
      state.lossCount += images;
    }
    state.step += losses.length;
    job.optimizer.steps = state.epoch * steps + state.step;
    const now = performance.now();
    state.seconds = (now - started) / 1000;
    window = nextWindow(losses.length, now - opened);

    const loss = state.lossSum / state.lossCount;
    if (!Number.isFinite(loss)) {
      throw new TrainingError(
        `Cannot go on: the loss is no longer a finite number in epoch ${epoch}, ` +
          `step ${state.step}. Try a smaller --lr than ${recipe.lr}`,
      );
    }
    job.progress.update({ epoch, epochs: recipe.epochs, step: state.step, steps, loss });
    const stop = job.signal?.aborted ?? false;
    if (stop || (now - lastSave > SAVE_INTERVAL && state.step < steps)) {
      await job.save();
      lastSave = performance.now();
    }
    if (stop) throw job.signal!.reason;
  }
}

function nextWindow(steps: number, elapsed: number): number {
  const fitting = Math.round(READ_INTERVAL * steps / elapsed);
  // The first windows hold the compiling of shaders, which says nothing of the rest.
  return Math.max(1, Math.min(fitting, 4 * steps, MAX_WINDOW));
}

/** Runs the steps of a job: the whole batches, and the smaller last one of an epoch. */
class Stepper {
  readonly #job: TrainingJob;
  readonly #clock: Clock;
  readonly #feed: Feed;
  readonly #whole: CompiledStep;
  readonly #last: CompiledStep;

  constructor(job: TrainingJob) {
    const { network, optimizer, ema, recipe, state, train, maxValue } = job;
    const { seed, batchSize, labelSmoothing = 0 } = recipe;
    this.#job = job;
    const steps = stepsPerEpoch(train.count, batchSize);
    this.#clock = new Clock(state.epoch * steps + state.step);
    const augmentation = recipe.augmentation ?? defaultAugmentation(train.height);
    this.#feed = new Feed(train, {
      maxValue,
      batchSize,
      clock: this.#clock,
      ...(recipe.augment && { augment: { augmentation, seed } }),
    });
    const total = recipe.epochs * steps;
    const schedule = makeSchedule(recipe, total);
    optimizer.follow(this.#clock, (step) => recipe.lr * schedule(step), total);
    ema?.follow(this.#clock, total);

    const compile = job.eager ? eagerStep : compileStep;
    const stepOf = (size: number) =>
      compile(() => {
        const context = Context.training(seed, this.#clock.step);
        const batch = this.#feed.batch(size);
        const loss = trainStep(network, optimizer, batch, context, { labelSmoothing });
        ema?.update();
        this.#clock.advance();
        return loss;
      });
    const { lastBatchSize } = this.#feed;
    this.#whole = stepOf(Math.min(batchSize, train.count));
    this.#last = lastBatchSize === batchSize ? this.#whole : stepOf(lastBatchSize);
  }

  /** Steps in an epoch. */
  get steps(): number {
    return this.#feed.steps;
  }

  /** Shuffles. */
  startEpoch(epoch: number): void {
    const { recipe: { seed }, train } = this.#job;
    this.#feed.startEpoch(epochOrder(seed, epoch, train.count));
  }

  /** Runs up to `count` steps from step `from` of the epoch; fewer where the batch size changes. */
  async run(from: number, count: number): Promise<{ loss: number; images: number }[]> {
    const { batchSize } = this.#job.recipe;
    const { lastBatchSize, steps } = this.#feed;
    const isLast = this.#last !== this.#whole && from === steps - 1;
    const whole = this.#last === this.#whole ? count : Math.min(count, steps - 1 - from);
    const losses = isLast ? await this.#last.run(1) : await this.#whole.run(whole);
    return Array.from(losses, (loss, i) => ({
      loss,
      images: from + i === steps - 1 ? lastBatchSize : batchSize,
    }));
  }

  dispose(): void {
    this.#whole.dispose();
    if (this.#last !== this.#whole) this.#last.dispose();
    this.#feed.dispose();
    this.#clock.dispose();
  }
}

function finishEpoch(
  job: TrainingJob,
  steps: number,
  accuracies: Pick<EpochRecord, "val_accuracy" | "test_accuracy">,
): void {
  const { state, recipe, progress } = job;
  const schedule = makeSchedule(recipe, recipe.epochs * steps);
  const record: EpochRecord = {
    epoch: state.epoch + 1,
    steps: (state.epoch + 1) * steps,
    train_loss: state.lossSum / state.lossCount,
    ...accuracies,
    lr: recipe.lr * schedule((state.epoch + 1) * steps - 1),
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
