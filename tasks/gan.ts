/**
 * Trains a GAN, to compare the diffusion models with.
 *
 *     deno task gan                                   MNIST, or the 8x8 digits
 *     deno task gan --dataset fashion-mnist           clothes
 *     deno task gan --batch-size 256 --lr 1e-4        as the report compared it with cddpm
 *     deno task gan --resume runs/gan/<run>           go on with a run that was stopped
 *
 * The networks are in lib/models/gan.ts, a training step in lib/generate/gan.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { ganTraining } from "../lib/generate/gan.ts";
import { applyGanOptions, GAN_OPTIONS, ONE_RECIPE } from "../lib/generate/options.ts";
import type { GanRecipe } from "../lib/generate/recipe.ts";
import { trainGenerator } from "../lib/generate/train_task.ts";

/**
 * MNIST and Fashion-MNIST: the published optimizer. Its batches are ours, and so is
 * β₁: with the usual 0.9 the images are all alike for a long time, with 0.5 (Radford et al. 2016,
 * <https://arxiv.org/abs/1511.06434>) digits take shape within 1 500 steps.
 */
const recipe: GanRecipe = {
  epochs: 20,
  batchSize: 128,
  optimizer: "adam",
  lr: 2e-4,
  beta1: 0.5,
  schedule: "constant",
  seed: 1,
  samples: { rows: 4, every: 1, gifEvery: 0 },
};

/** The few digits: more passes. */
const digits: GanRecipe = { ...recipe, epochs: 200, batchSize: 64 };

/** The command line. */
export const ganSpec = {
  name: "gan",
  summary:
    "Trains a GAN of linear layers: a generator of 1 486 352 values and a discriminator of 1 460 225, " +
    "each with Adam 0.0002 and beta1 0.5; 20 epochs of batches of 128, on the digits 200 of 64.",
  examples: [
    "deno task gan",
    "deno task gan --dataset digits",
    "deno task gan --dataset mnist --subset 6000 --epochs 10",
  ],
  options: GAN_OPTIONS,
  absent: ONE_RECIPE,
} as const;

if (import.meta.main) {
  await runTask(ganSpec, ({ options, given }) =>
    trainGenerator({
      task: "gan",
      model: "gan",
      recipe: (dataset) => applyGanOptions(dataset === "digits" ? digits : recipe, options),
      build: (_model, shape, recipe) => ganTraining(shape, recipe),
      options,
      given,
    }));
}
