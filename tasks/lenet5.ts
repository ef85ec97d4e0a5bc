/**
 * Trains LeNet-5.
 *
 *     deno task lenet5                                   MNIST, or the 8x8 digits where it is not to be had
 *     deno task lenet5 --dataset digits                  the digits that ship with the project
 *     deno task lenet5 --recipe best                     the most accurate recipe that we know
 *
 * The network is in lib/models/lenet5.ts, the training loop in lib/train/loop.ts.
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
  epochs: 50,
  batchSize: 64,
  optimizer: "adam",
  lr: 1e-3,
  schedule: "constant",
  augment: false,
  seed: 1,
};

/** The few digits: more passes, and a learning rate that falls. */
const digits: Recipe = { ...recipe, epochs: 40, lr: 4e-3, schedule: "cosine" };

/** The task, for whoever runs it from elsewhere. */
export const lenet5: TrainingTask = {
  task: "lenet5",
  model: "lenet5",
  recipe: (dataset, best) => {
    if (best) return accurate(recipe, dataset, { lr: 2e-3 });
    return dataset === "digits" ? digits : recipe;
  },
};

/** The command line. */
export const lenet5Spec = {
  name: "lenet5",
  summary:
    "Trains LeNet-5: 5x5 convolutions of 6 and 16 channels with average pooling, 120 and 84 units, " +
    "10 classes; 44 426 parameters on 28x28 images. Adam 0.001 for 50 epochs of batches of 64; on " +
    "the digits a cosine schedule from 0.004 over 40.",
  examples: [
    "deno task lenet5",
    "deno task lenet5 --dataset digits --seed 2",
    "deno task lenet5 --dataset mnist --subset 6000 --epochs 3",
  ],
  options: TRAINING_OPTIONS,
} as const;

if (import.meta.main) {
  await runTask(lenet5Spec, ({ options, given }) => trainTask({ ...lenet5, options, given }));
}
