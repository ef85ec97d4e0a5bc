/**
 * Trains the convolutional network.
 *
 *     deno task cnn                                   MNIST, or the 8x8 digits where it is not to be had
 *     deno task cnn --dataset digits                  the digits that ship with the project
 *     deno task cnn --recipe best                     the most accurate recipe that we know
 *     deno task cnn --dataset mnist --val 5000        keep the best epoch on a validation split
 *     deno task cnn --resume runs/cnn/<run>           go on with a run that was stopped
 *
 * The network is in lib/models/cnn.ts, the training loop in lib/train/loop.ts.
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
  optimizer: "sgd",
  lr: 0.01,
  schedule: "constant",
  augment: false,
  seed: 1,
};

/** So few images want a faster optimizer, and gain three points from being moved a little. */
const digits: Recipe = {
  ...recipe,
  optimizer: "adam",
  lr: 2e-3,
  schedule: "cosine",
  augment: true,
  augmentation: { shift: 0.7, rotate: 15, scale: 0.2 },
};

/** The task, for whoever runs it from elsewhere. */
export const cnn: TrainingTask = {
  task: "cnn",
  model: "cnn",
  recipe: (dataset, best) => {
    if (best) return accurate(recipe, dataset, { lr: 1e-3 });
    return dataset === "digits" ? digits : recipe;
  },
};

/** The command line. */
export const cnnSpec = {
  name: "cnn",
  summary: "Trains a convolutional network: two 5x5 convolutions of 32 and 64 channels with max " +
    "pooling, 1000 units, 10 classes; 3 199 106 parameters on 28x28 images. SGD 0.01 for 20 " +
    "epochs of batches of 64; on the digits Adam 0.002 with a cosine schedule and light augmentation.",
  examples: [
    "deno task cnn",
    "deno task cnn --dataset digits --seed 2",
    "deno task cnn --dataset mnist --subset 6000 --epochs 3",
  ],
  options: TRAINING_OPTIONS,
} as const;

if (import.meta.main) {
  await runTask(cnnSpec, ({ options, given }) => trainTask({ ...cnn, options, given }));
}
