/**
 * Trains a diffusion model that is told the class, with classifier-free guidance.
 *
 *     deno task cddpm                                 128 features, on MNIST or the 8x8 digits
 *     deno task cddpm --preset cddpm-256              256 features; a GPU is needed
 *     deno task cddpm --guidance 1,3                  draw with these scales of guidance on the way
 *     deno task cddpm --resume runs/cddpm/<run>       go on with a run that was stopped
 *
 * The network is in lib/models/context_unet.ts, a training step in lib/generate/diffusion.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { diffusionTraining } from "../lib/generate/diffusion.ts";
import {
  applyDiffusionOptions,
  DIFFUSION_OPTIONS,
  LABEL_OPTIONS,
  ONE_RECIPE,
} from "../lib/generate/options.ts";
import type { DiffusionRecipe } from "../lib/generate/recipe.ts";
import { trainGenerator } from "../lib/generate/train_task.ts";

/**
 * MNIST and Fashion-MNIST, as published; its w = 0, 0.5 and 2 are the guidance 1, 1.5 and 3. Its
 * learning rate falls from epoch to epoch, ours along the same line from step to step.
 */
const recipe: DiffusionRecipe = {
  epochs: 20,
  batchSize: 256,
  optimizer: "adam",
  lr: 1e-4,
  schedule: "linear",
  seed: 1,
  process: {
    timesteps: 400,
    noise: "linear",
    zeroSnr: false,
    prediction: "epsilon",
    range: [0, 1],
  },
  loss: "mse",
  dropLabels: 0.1,
  samples: { rows: 4, every: 1, gifEvery: 5, guidance: [1, 1.5, 3] },
};

/** The few digits: smaller batches and more passes. */
const digits: DiffusionRecipe = { ...recipe, epochs: 40, batchSize: 64, lr: 3e-4, ema: 0.99 };

/** The command line. */
export const cddpmSpec = {
  name: "cddpm",
  summary:
    "Trains a diffusion model that draws by class: a U-Net of 128 features (6 585 601 values) or 256 " +
    "(26 311 169), 400 timesteps with linear noise, a tenth of the labels dropped; Adam 0.0001, falling " +
    "to 0, for 20 epochs of batches of 256.",
  examples: [
    "deno task cddpm",
    "deno task cddpm --dataset digits --epochs 10",
    "deno task cddpm --dataset fashion-mnist --guidance 1,2",
  ],
  options: {
    preset: {
      type: "string",
      choices: ["cddpm", "cddpm-256"],
      default: "cddpm",
      help: "Which network.",
    },
    ...LABEL_OPTIONS,
    ...DIFFUSION_OPTIONS,
  },
  absent: ONE_RECIPE,
} as const;

if (import.meta.main) {
  await runTask(cddpmSpec, ({ options, given }) =>
    trainGenerator({
      task: "cddpm",
      model: options.preset,
      recipe: (dataset) => applyDiffusionOptions(dataset === "digits" ? digits : recipe, options),
      build: (model, shape, recipe) =>
        diffusionTraining(model as typeof options.preset, shape, recipe),
      options,
      given,
    }));
}
