/**
 * Trains a residual network.
 *
 *     deno task resnet                                  MNIST, or the 8x8 digits where it is not to be had
 *     deno task resnet --conv-shortcut                  a 1x1 convolution on the shortcut
 *     deno task resnet --model resnet-18ish             three stages of two blocks, 32 to 128 channels
 *     deno task resnet --recipe best                    the most accurate recipe that we know
 *
 * The networks are in lib/models/resnet.ts and resnet18ish.ts, the training loop in lib/train/loop.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { UsageError } from "../lib/errors.ts";
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

/** Eighty times the weights: what keeps them small, and a rate that falls, are worth more. */
const recipe18ish: Recipe = {
  epochs: 20,
  batchSize: 64,
  optimizer: "adamw",
  lr: 2e-3,
  schedule: "cosine",
  weightDecay: 0.05,
  augment: false,
  seed: 1,
};

/** The task for each of its networks, for whoever runs it from elsewhere. */
export function resnetTask(
  model: "resnet" | "resnet-conv-shortcut" | "resnet-18ish" = "resnet",
): TrainingTask {
  if (model === "resnet-18ish") {
    const { lr, weightDecay = 0 } = recipe18ish;
    const longer = { ...recipe18ish, epochs: 30 };
    return {
      task: "resnet",
      model,
      recipe: (dataset, best) =>
        best ? accurate(longer, dataset, { lr, weightDecay }) : recipe18ish,
    };
  }
  return {
    task: "resnet",
    model,
    recipe: (dataset, best) => {
      if (best) return accurate(recipe, dataset, { lr: 3e-3 });
      return dataset === "digits" ? digits : recipe;
    },
  };
}

/** The command line. */
export const resnetSpec = {
  name: "resnet",
  summary:
    "Trains a residual network: resnet is two 3x3 convolutions of 8 channels with batch norm and " +
    "a shortcut around them, a 1x1 convolution, 10 classes (8 555 parameters on 28x28 images; Adam " +
    "0.001, 30 epochs; on the digits a cosine schedule from 0.002 over 40); resnet-18ish is three " +
    "stages of two blocks with 32, 64 and 128 channels (696 042; AdamW 0.002, weight decay 0.05, " +
    "cosine schedule, 20 epochs). Batches of 64.",
  examples: [
    "deno task resnet",
    "deno task resnet --conv-shortcut --dataset digits",
    "deno task resnet --dataset mnist --subset 6000 --epochs 3",
    "deno task resnet --model resnet-18ish --recipe best",
  ],
  options: {
    model: {
      type: "string",
      choices: ["resnet", "resnet-18ish"],
      default: "resnet",
      help: "Which network.",
    },
    "conv-shortcut": {
      type: "boolean",
      help: "Put a 1x1 convolution on the shortcut of resnet, which otherwise repeats the image.",
    },
    ...TRAINING_OPTIONS,
  },
} as const;

if (import.meta.main) {
  await runTask(resnetSpec, ({ options, given }) => {
    const { model, "conv-shortcut": convShortcut } = options;
    if (convShortcut && model !== "resnet") {
      throw new UsageError(
        `Cannot train ${model}: --conv-shortcut goes with --model resnet, got --model ${model}`,
      );
    }
    const task = resnetTask(convShortcut ? "resnet-conv-shortcut" : model);
    return trainTask({ ...task, options, given });
  });
}
