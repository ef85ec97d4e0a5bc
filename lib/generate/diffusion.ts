/** Training a diffusion network. @module */

import { tf } from "../deps.ts";
import { ForwardProcess } from "../diffusion/forward.ts";
import { diffusionLoss } from "../diffusion/loss.ts";
import { UsageError } from "../errors.ts";
import { Clock } from "../engine/clock.ts";
import { type DenoiserName, denoisers } from "../models/generators.ts";
import type { ImageShape } from "../models/shape.ts";
import { Context } from "../nn/module.ts";
import { Random } from "../random.ts";
import { makeSchedule } from "../train/recipe.ts";
import { trainedNetwork } from "../train/run.ts";
import type { Tensor4D } from "../tensor.ts";
import { diffusionDrawer, networkPlan } from "./diffusion_drawer.ts";
import { scheduleOf } from "./process.ts";
import type { DiffusionRecipe } from "./recipe.ts";
import type { GeneratorTraining, TrainedGenerator } from "./training.ts";

/**
 * A diffusion network with fresh weights, and its training.
 *
 * @throws {UsageError} When the recipe's process makes no sense, or labels are to be dropped that the
 *   network cannot do without.
 */
export function diffusionTraining(
  name: DenoiserName,
  shape: ImageShape,
  recipe: DiffusionRecipe,
): TrainedGenerator {
  const { process, seed } = recipe;
  const { labels, build } = denoisers[name];
  const schedule = scheduleOf(process);
  const { prediction, range } = process;
  const labelled = labels !== "none";
  if (recipe.dropLabels > 0 && labels !== "optional") {
    throw new UsageError(
      `Cannot drop labels: ${name} knows no class that stands for none, got --drop-labels ` +
        `${recipe.dropLabels}. Leave it out`,
    );
  }
  const random = new Random(seed, "init");
  const trained = trainedNetwork(build(shape, random, process.timesteps), recipe);
  const { network, optimizer, ema } = trained;
  const { classes: nullClass } = shape;

  const forwardProcess = (clock: Clock) =>
    new ForwardProcess(schedule, {
      seed,
      clock,
      prediction,
      ...(recipe.minSnr !== undefined && { minSnr: recipe.minSnr }),
      ...(recipe.dropLabels > 0 && { drop: { probability: recipe.dropLabels, nullClass } }),
    });
  let forward: ForwardProcess | undefined;

  const training: GeneratorTraining = {
    losses: ["train_loss"],
    range,
    labelled,
    follow(clock, total) {
      forward = forwardProcess(clock);
      const rate = makeSchedule(recipe, total);
      optimizer.follow(clock, (step) => recipe.lr * rate(step), total);
      ema?.follow(clock, total);
    },
    step({ images, labels }, clock) {
      const context = Context.training(seed, clock.step);
      const batch = forward!.draw(images, labelled ? labels : undefined);
      const loss = () =>
        diffusionLoss(
          network.denoise(batch.x, batch.t, batch.labels, context),
          batch,
          recipe.loss,
        );
      const { value, grads } = tf.variableGrads(loss, optimizer.variables);
      optimizer.step(grads);
      ema?.update();
      return value;
    },
    drawer(options) {
      const { sampler, steps } = recipe.samples;
      const plan = networkPlan(name, process, sampler, steps);
      return diffusionDrawer({ model: name, network, shape, process }, plan, options);
    },
    noisy(images, share) {
      const clock = new Clock();
      const process = forwardProcess(clock);
      try {
        return process.qSample(images as Tensor4D, process.timeAt(share));
      } finally {
        process.dispose();
        clock.dispose();
      }
    },
    dispose: () => forward?.dispose(),
  };
  return { ...trained, training };
}
