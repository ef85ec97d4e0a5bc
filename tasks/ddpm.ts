/**
 * Trains a diffusion model, a U-Net that learns to take noise from images.
 *
 *     deno task ddpm                                  MNIST, or the 8x8 digits
 *     deno task ddpm --dataset fashion-mnist          clothes
 *     deno task ddpm --sampler ddpm                   draw with all 1000 steps on the way
 *     deno task ddpm --resume runs/ddpm/<run>         go on with a run that was stopped
 *
 * The network is in lib/models/unet.ts, a training step in lib/generate/diffusion.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { diffusionTraining } from "../lib/generate/diffusion.ts";
import { fitDataset } from "../lib/generate/fit.ts";
import { applyDiffusionOptions, DIFFUSION_OPTIONS, ONE_RECIPE } from "../lib/generate/options.ts";
import type { DiffusionRecipe } from "../lib/generate/recipe.ts";
import { trainGenerator } from "../lib/generate/train_task.ts";

/**
 * MNIST and Fashion-MNIST, as published, but for the learning rate, which was 0.01. Pictures on the
 * way are drawn in 50 of the 1000 steps; `--sampler ddpm` takes them all, as published.
 */
const recipe: DiffusionRecipe = {
  epochs: 20,
  batchSize: 128,
  optimizer: "adam",
  lr: 1e-3,
  schedule: "constant",
  seed: 1,
  process: {
    timesteps: 1000,
    noise: "linear",
    zeroSnr: false,
    prediction: "epsilon",
    range: [-1, 1],
  },
  loss: "mse",
  dropLabels: 0,
  samples: { rows: 4, every: 1, gifEvery: 5, guidance: [1] },
};

/** The few digits, with a border of two pixels: more passes, and an average of the weights. */
const digits: DiffusionRecipe = { ...recipe, epochs: 200, schedule: "cosine", ema: 0.995 };

/** The command line. */
export const ddpmSpec = {
  name: "ddpm",
  summary:
    "Trains a diffusion model: a U-Net of 606 852 values, 1000 timesteps with linear noise, " +
    "Adam 0.001 for 20 epochs of batches of 128; on the digits, padded to 12x12, a cosine schedule over " +
    "200.",
  examples: [
    "deno task ddpm",
    "deno task ddpm --dataset mnist --subset 6000 --epochs 5",
    "deno task ddpm --noise cosine --prediction v --ema 0.999",
  ],
  options: DIFFUSION_OPTIONS,
  absent: ONE_RECIPE,
} as const;

if (import.meta.main) {
  await runTask(ddpmSpec, ({ options, given }) =>
    trainGenerator({
      task: "ddpm",
      model: "ddpm",
      recipe: (dataset) => applyDiffusionOptions(dataset === "digits" ? digits : recipe, options),
      fit: fitDataset,
      build: (_model, shape, recipe) => diffusionTraining("ddpm", shape, recipe),
      options,
      given,
    }));
}
