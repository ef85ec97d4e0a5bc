/**
 * Trains a multilayer perceptron.
 *
 *     deno task mlp                                   784-128-64-10, SGD 0.01, 20 epochs
 *     deno task mlp --model mlp-512                   784-512-10, Adam 0.001, 50 epochs
 *     deno task mlp --model mlp-512 --relu-logits     with a ReLU on the output too
 *     deno task mlp --resume runs/mlp/<run>           go on with a run that was stopped
 *
 * The networks are in lib/models/mlp.ts, the training loop in lib/train/loop.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { UsageError } from "../lib/errors.ts";
import { TRAINING_OPTIONS } from "../lib/train/options.ts";
import { accurate, type Recipe } from "../lib/train/recipe.ts";
import type { TrainingTask } from "../lib/train/run.ts";
import { trainTask } from "../lib/train/task.ts";

const mlp: Recipe = {
  epochs: 20,
  batchSize: 64,
  optimizer: "sgd",
  lr: 0.01,
  schedule: "constant",
  augment: false,
  seed: 1,
};

const mlp512: Recipe = { ...mlp, epochs: 50, optimizer: "adam", lr: 1e-3 };

/** On the few digits SGD 0.01 would need hundreds of epochs. */
const digits: Recipe = { ...mlp, optimizer: "adam", lr: 1e-3, epochs: 40 };

/** The task for each of its networks, for whoever runs it from elsewhere. */
export function mlpTask(model: "mlp" | "mlp-512" | "mlp-512-relu-logits" = "mlp"): TrainingTask {
  const published = model === "mlp" ? mlp : mlp512;
  return {
    task: "mlp",
    model,
    recipe: (dataset, best) => {
      if (best) return accurate(published, dataset, { lr: 2e-3 });
      return dataset === "digits" ? digits : published;
    },
  };
}

/** The command line. */
export const mlpSpec = {
  name: "mlp",
  summary: "Trains a multilayer perceptron: mlp is 784-128-64-10 with ReLU and a little dropout " +
    "(109 386 parameters on 28x28 images; SGD 0.01, 20 epochs), mlp-512 is 784-512-10 (407 050; " +
    "Adam 0.001, 50 epochs); batches of 64. On the digits: Adam 0.001, 40 epochs.",
  examples: [
    "deno task mlp",
    "deno task mlp --model mlp-512 --dataset fashion-mnist",
    "deno task mlp --dataset digits --epochs 10 --json",
  ],
  options: {
    model: {
      type: "string",
      choices: ["mlp", "mlp-512"],
      default: "mlp",
      help: "Which network.",
    },
    "relu-logits": {
      type: "boolean",
      help: "Put a ReLU on the output of mlp-512 too.",
    },
    ...TRAINING_OPTIONS,
  },
} as const;

if (import.meta.main) {
  await runTask(mlpSpec, ({ options, given }) => {
    const { model, "relu-logits": reluLogits } = options;
    if (reluLogits && model !== "mlp-512") {
      throw new UsageError(
        `Cannot train mlp: --relu-logits goes with --model mlp-512, got --model ${model}`,
      );
    }
    const task = mlpTask(reluLogits ? "mlp-512-relu-logits" : model);
    return trainTask({ ...task, options, given });
  });
}
