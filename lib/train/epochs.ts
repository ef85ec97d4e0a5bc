/** Training epoch by epoch, whatever is trained. @module */

import type { Device } from "../device.ts";
import { TrainingError } from "../errors.ts";
import type { Progress } from "./progress.ts";
import { makeSchedule, type Optimization } from "./recipe.ts";
import type { EpochFigures, TrainingState } from "./state.ts";

/** What runs the steps of an epoch. */
export interface Stepper {
  /** Steps in an epoch. */
  readonly steps: number;
  /** Prepares epoch `epoch`, counted from 1. */
  startEpoch(epoch: number): void;
  /** Runs up to `count` steps from step `from` of the epoch. */
  run(from: number, count: number): Promise<StepLosses[]>;
  /** Frees what belongs to the steps. */
  dispose(): void;
}

/** What a step came to. */
export interface StepLosses {
  /** Its losses, each a mean over its images. */
  readonly losses: readonly number[];
  /** Images in its batch. */
  readonly images: number;
}

/** What is trained, and whom it tells; `More` is what a record holds beside the loss. */
export interface EpochsJob<More extends object> {
  /** The open device. */
  readonly device: Device;
  /** What runs the steps. */
  readonly stepper: Stepper;
  /** What is told how many steps were taken. */
  readonly optimizer: { steps: number };
  /** How many epochs, and at which rate. */
  readonly recipe: Optimization;
  /** Where the run stands; kept up to date. */
  readonly state: TrainingState<More>;
  /** Where progress is reported. */
  readonly progress: Progress;
  /** Looks at what an epoch came to. @param losses Their means over the epoch's images. */
  readonly measure: (losses: readonly number[]) => Promise<More>;
  /** What the line of a finished epoch says beside its loss and time. */
  readonly describe: (record: EpochFigures & More) => string;
  /** Saves the run at the end of an epoch, and within long ones. */
  readonly save: () => Promise<void>;
  /** Stops the run after the current steps, with the state saved. */
  readonly signal?: AbortSignal | undefined;
}

/** Within an epoch the state is saved about this often, in ms. */
const SAVE_INTERVAL = 60_000;
/** The losses of a window of steps are read together; a window should last about this long, in ms. */
const READ_INTERVAL = 400;
/** The longest window, in steps: as many losses as a step keeps. */
export const MAX_WINDOW = 1024;

/**
 * Trains until the recipe's last epoch, from wherever `job.state` stands, and frees the stepper.
 *
 * @throws {TrainingError} When a loss is not a finite number; the last saved state is from before.
 * @throws {DeviceError} When the device reports an error or is lost.
 * @throws The reason of `job.signal` when it stops the run.
 */
export async function trainEpochs<More extends object>(job: EpochsJob<More>): Promise<void> {
  const { state, recipe, stepper } = job;
  let window = 1;
  try {
    while (state.epoch < recipe.epochs) {
      const started = performance.now() - state.seconds * 1000;
      window = await trainEpoch(job, started, window);
      const means = state.lossSums.map((sum) => sum / state.lossCount);
      const more = await measureOrSave(job, means);
      state.seconds = (performance.now() - started) / 1000;
      finishEpoch(job, means[0]!, more);
      await job.save();
    }
  } finally {
    stepper.dispose();
  }
}

/** Measures; when the signal stops that, the epoch's steps are saved, so that only it is done again. */
async function measureOrSave<More extends object>(
  { measure, save, signal }: EpochsJob<More>,
  means: readonly number[],
): Promise<More> {
  try {
    return await measure(means);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) await save();
    throw error;
  }
}

/** Trains an epoch, `window` steps between two looks at the losses; returns how many for the next. */
async function trainEpoch<More extends object>(
  job: EpochsJob<More>,
  started: number,
  window: number,
): Promise<number> {
  const { state, recipe, stepper } = job;
  const { steps } = stepper;
  const epoch = state.epoch + 1;
  stepper.startEpoch(epoch);
  let lastSave = performance.now();

  while (state.step < steps) {
    const opened = performance.now();
    const done = await stepper.run(state.step, Math.min(window, steps - state.step));
    job.device.check();
    // One by one, so that the sums are rounded alike wherever windows happen to end.
    for (const { losses, images } of done) {
      state.lossSums = losses.map((loss, i) => (state.lossSums[i] ?? 0) + loss * images);
      state.lossCount += images;
    }
    state.step += done.length;
    job.optimizer.steps = state.epoch * steps + state.step;
    const now = performance.now();
    state.seconds = (now - started) / 1000;
    // What the end of an epoch cuts short tells little of how long a window would take.
    if (done.length === window) window = nextWindow(window, now - opened);

    if (!state.lossSums.every(Number.isFinite)) {
      throw new TrainingError(
        `Cannot go on: the loss is no longer a finite number in epoch ${epoch}, ` +
          `step ${state.step}. Try a smaller --lr than ${recipe.lr}`,
      );
    }
    const loss = state.lossSums[0]! / state.lossCount;
    job.progress.update({ epoch, epochs: recipe.epochs, step: state.step, steps, loss });
    const stop = job.signal?.aborted ?? false;
    if (stop || (now - lastSave > SAVE_INTERVAL && state.step < steps)) {
      await job.save();
      lastSave = performance.now();
    }
    if (stop) throw job.signal!.reason;
  }
  return window;
}

function nextWindow(steps: number, elapsed: number): number {
  const fitting = Math.round(READ_INTERVAL * steps / elapsed);
  // The first windows hold the compiling of shaders, which says nothing of the rest.
  return Math.max(1, Math.min(fitting, 4 * steps, MAX_WINDOW));
}

function finishEpoch<More extends object>(job: EpochsJob<More>, loss: number, more: More): void {
  const { state, recipe, stepper: { steps }, progress } = job;
  const schedule = makeSchedule(recipe, recipe.epochs * steps);
  const done = (state.epoch + 1) * steps;
  const record: EpochFigures & More = {
    epoch: state.epoch + 1,
    steps: done,
    train_loss: loss,
    ...more,
    lr: recipe.lr * schedule(done - 1),
    seconds: state.seconds,
  };
  state.records.push(record);
  state.epoch++;
  state.step = 0;
  state.lossSums = [];
  state.lossCount = 0;
  const said = job.describe(record);
  progress.line(
    `epoch ${record.epoch}/${recipe.epochs}  loss ${loss.toFixed(4)}  ` +
      `${said === "" ? "" : `${said}  `}${record.seconds.toFixed(1)} s`,
  );
}
