/**
 * Trains a Vision Transformer.
 *
 *     deno task vit                                   MNIST, or the 8x8 digits where it is not to be had
 *     deno task vit --dataset digits                  the digits that ship with the project
 *     deno task vit --recipe best                     the most accurate recipe that we know
 *
 * The network is in lib/models/vit.ts, the training loop in lib/train/loop.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { TRAINING_OPTIONS } from "../lib/train/options.ts";
import { accurate, type Recipe } from "../lib/train/recipe.ts";
import type { TrainingTask } from "../lib/train/run.ts";
import { trainTask } from "../lib/train/task.ts";

/** MNIST and Fashion-MNIST, as published. */
const recipe: Recipe = {
  epochs: 20,
  batchSize: 64,
  optimizer: "adam",
  lr: 1e-3,
  schedule: "constant",
  augment: false,
  seed: 1,
};

/** The few digits: more passes, and a learning rate that falls. */
const digits: Recipe = { ...recipe, epochs: 40, lr: 2e-3, schedule: "cosine" };

/** The task, for whoever runs it from elsewhere. */
export const vit: TrainingTask = {
  task: "vit",
  model: "vit",
  recipe: (dataset, best) => {
    if (best) return accurate(recipe, dataset, { lr: 1e-3, weightDecay: 0.05 });
    return dataset === "digits" ? digits : recipe;
  },
};

/** The command line. */
export const vitSpec = {
  name: "vit",
  summary:
    "Trains a Vision Transformer: patches of 4x4, 4 blocks of width 64 with 8 heads; 138 890 " +
    "parameters on 28x28 images. Adam 0.001 for 20 epochs of batches of 64; on the digits a cosine " +
    "schedule from 0.002 over 40.",
  examples: [
    "deno task vit",
    "deno task vit --dataset digits --seed 2",
    "deno task vit --dataset mnist --subset 6000 --epochs 3",
  ],
  options: TRAINING_OPTIONS,
} as const;

if (import.meta.main) {
  await runTask(vitSpec, ({ options, given }) => trainTask({ ...vit, options, given }));
}
