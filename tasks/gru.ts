/**
 * Trains a recurrent network that reads an image row by row.
 *
 *     deno task gru                                   MNIST, or the 8x8 digits where it is not to be had
 *     deno task gru --dataset digits                  the digits that ship with the project
 *     deno task gru --recipe best                     the most accurate recipe that we know
 *
 * The network is in lib/models/gru.ts, the training loop in lib/train/loop.ts.
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
  epochs: 30,
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
export const gru: TrainingTask = {
  task: "gru",
  model: "gru",
  recipe: (dataset, best) => {
    if (best) return accurate(recipe, dataset, { lr: 3e-3 });
    return dataset === "digits" ? digits : recipe;
  },
};

/** The command line. */
export const gruSpec = {
  name: "gru",
  summary:
    "Trains a GRU of 64 units that reads an image row by row; its last state gives the class; " +
    "18 698 parameters on 28x28 images. Adam 0.001 for 30 epochs of batches of 64; on the digits a " +
    "cosine schedule from 0.002 over 40.",
  examples: [
    "deno task gru",
    "deno task gru --dataset digits --seed 2",
    "deno task gru --dataset mnist --subset 6000 --epochs 3",
  ],
  options: TRAINING_OPTIONS,
} as const;

if (import.meta.main) {
  await runTask(gruSpec, ({ options, given }) => trainTask({ ...gru, options, given }));
}
