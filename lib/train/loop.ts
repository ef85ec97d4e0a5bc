/** The training loop of a classifier. @module */

import { defaultAugmentation } from "../data/augment.ts";
import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import type { Device } from "../device.ts";
import type { Batch } from "../engine/feed.ts";
import { crossEntropy, type CrossEntropyOptions } from "../nn/loss.ts";
import { Context, type Module } from "../nn/module.ts";
import type { EMA } from "../nn/optim/ema.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import type { Scalar } from "../tensor.ts";
import { trainEpochs } from "./epochs.ts";
import { FeedStepper, stepsPerEpoch } from "./feed_stepper.ts";
import type { Progress } from "./progress.ts";
import { makeSchedule, type Recipe } from "./recipe.ts";
import type { Accuracies, TrainingState } from "./state.ts";

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
  readonly evaluate: () => Promise<Accuracies>;
  /** Saves state and network at the end of an epoch, and within long ones. */
  readonly save: () => Promise<void>;
  /** Stops the run after the current steps, with the state saved. */
  readonly signal?: AbortSignal;
  /** Runs every step through tfjs instead of replaying a recording. @default false */
  readonly eager?: boolean;
}

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

/**
 * Trains until the recipe's last epoch, from wherever `job.state` stands.
 *
 * @throws {TrainingError} When a loss is not a finite number; the last saved state is from before.
 * @throws {DeviceError} When the device reports an error or is lost.
 * @throws The reason of `job.signal` when it stops the run.
 */
export async function trainClassifier(job: TrainingJob): Promise<void> {
  const { network, optimizer, ema, recipe, state, train, maxValue, eager } = job;
  if (state.epoch === recipe.epochs) return;
  const { seed, batchSize, labelSmoothing = 0 } = recipe;
  const augmentation = recipe.augmentation ?? defaultAugmentation(train.height);
  const stepper = new FeedStepper({
    train,
    feed: { maxValue, ...(recipe.augment && { augment: { augmentation, seed } }) },
    recipe,
    taken: state.epoch * stepsPerEpoch(train.count, batchSize) + state.step,
    eager,
    follow(clock, total) {
      const schedule = makeSchedule(recipe, total);
      optimizer.follow(clock, (step) => recipe.lr * schedule(step), total);
      ema?.follow(clock, total);
    },
    step(batch, clock) {
      const context = Context.training(seed, clock.step);
      const loss = trainStep(network, optimizer, batch, context, { labelSmoothing });
      ema?.update();
      return loss;
    },
  });
  await trainEpochs({ ...job, stepper, measure: job.evaluate, describe: describeAccuracy });
}

function describeAccuracy({ val_accuracy, test_accuracy }: Accuracies): string {
  const [name, accuracy] = val_accuracy === null
    ? ["test", test_accuracy]
    : ["validation", val_accuracy];
  return `${name} accuracy ${((accuracy ?? 0) * 100).toFixed(2)} %`;
}
