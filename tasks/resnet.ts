/**
 * Trains a small residual network.
 *
 *     deno task resnet                                  MNIST, or the 8x8 digits where it is not to be had
 *     deno task resnet --conv-shortcut                  a 1x1 convolution on the shortcut
 *     deno task resnet --recipe best                    the most accurate recipe that we know
 *
 * The network is in lib/models/resnet.ts, the training loop in lib/train/loop.ts.
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

/** The task for each of its networks, for whoever runs it from elsewhere. */
export function resnetTask(model: "resnet" | "resnet-conv-shortcut" = "resnet"): TrainingTask {
  return {
    task: "resnet",
    model,
    recipe: (dataset, best) => {
      if (best) return accurate(recipe, dataset, { lr: 3e-3 });
      return dataset === "digits" ? digits : recipe;
    },
  };
}

if (import.meta.main) {
  await runTask({
    name: "resnet",
    summary:
      "Trains a residual network: two 3x3 convolutions of 8 channels with batch norm and a " +
      "shortcut around the second part, a 1x1 convolution, 10 classes; 8 555 parameters on 28x28 " +
      "images. Adam 0.001 for 30 epochs of batches of 64; on the digits a cosine schedule from " +
      "0.002 over 40.",
    examples: [
      "deno task resnet",
      "deno task resnet --conv-shortcut --dataset digits",
      "deno task resnet --dataset mnist --subset 6000 --epochs 3",
    ],
    options: {
      "conv-shortcut": {
        type: "boolean",
        help: "Put a 1x1 convolution on the shortcut, which otherwise repeats the image.",
      },
      ...TRAINING_OPTIONS,
    },
  }, ({ options, given }) => {
    const task = resnetTask(options["conv-shortcut"] ? "resnet-conv-shortcut" : "resnet");
    return trainTask({ ...task, options, given });
  });
}
