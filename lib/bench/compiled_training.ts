/** Training as this library does it. @module */

import type { ImageSet } from "../data/types.ts";
import { Clock } from "../engine/clock.ts";
import { Feed } from "../engine/feed.ts";
import { type CompiledStep, compileStep } from "../engine/step.ts";
import { Context, type Module } from "../nn/module.ts";
import { Adam } from "../nn/optim/adam.ts";
import { SGD } from "../nn/optim/sgd.ts";
import { trainStep } from "../train/loop.ts";
import { MAX_VALUE, type Training } from "./workload.ts";

/** The default, by name: the cost of a replayed step is taken from the times of a submit. */
export const STEPS_PER_SUBMIT = 16;

/** A compiled step and all that it works on. */
export interface CompiledTraining {
  /** The step. */
  readonly step: CompiledStep;
  /** Frees all of it, the network too. */
  dispose(): void;
}

/**
 * A training step as the training loop compiles it: gathers a batch from the images on the GPU,
 * trains, counts the step.
 *
 * @param network The network.
 * @param training Optimizer and learning rate.
 * @param images One batch.
 * @param total More steps than will be run.
 */
export function compiledTraining(
  network: Module,
  training: Training,
  images: ImageSet,
  total: number,
): CompiledTraining {
  const { lr } = training;
  const Kind = training.optimizer === "sgd" ? SGD : Adam;
  const optimizer = new Kind(network.namedParameters(), { lr });
  const clock = new Clock();
  const feed = new Feed(images, { maxValue: MAX_VALUE, batchSize: images.count, clock });
  const context = new Context();
  optimizer.follow(clock, () => lr, total);
  const step = compileStep(() => {
    const loss = trainStep(network, optimizer, feed.batch(images.count), context);
    clock.advance();
    return loss;
  }, { stepsPerSubmit: STEPS_PER_SUBMIT });
  return {
    step,
    dispose(): void {
      for (const part of [step, feed, clock, optimizer, network]) part.dispose();
    },
  };
}
