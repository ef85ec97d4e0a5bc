/**
 * Trains a diffusion transformer, which draws digits of the class that one asks for.
 *
 *     deno task dit                                   dit-light on MNIST, or on the 8x8 digits
 *     deno task dit --dataset digits                  the digits that ship with the project
 *     deno task dit --recipe best                     our recipe: 9 of 10 digits of dit-light are read right
 *     deno task dit --preset dit-s4 --guidance 0,1,2  the large one; a GPU is needed
 *     deno task dit --resume runs/dit/<run>           go on with a run that was stopped
 *
 * The networks are in lib/models/dit.ts and lib/models/dit_tiny.ts, a training step in
 * lib/generate/diffusion.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import type { DatasetName } from "../lib/data/types.ts";
import { diffusionTraining } from "../lib/generate/diffusion.ts";
import {
  applyDiffusionOptions,
  DIFFUSION_OPTIONS,
  LABEL_OPTIONS,
  NO_CLASSIFIER,
} from "../lib/generate/options.ts";
import type { DiffusionRecipe } from "../lib/generate/recipe.ts";
import { trainGenerator } from "../lib/generate/train_task.ts";
import { type DiTPresetName, ditPresets } from "../lib/models/dit_presets.ts";

/** dit-s4, dit-s4-shared and dit-light, as published. */
const s4: DiffusionRecipe = {
  epochs: 10,
  batchSize: 64,
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
  samples: { rows: 4, every: 1, gifEvery: 5, guidance: [0, 0.5, 2] },
};

/** dit-tiny, as published. */
const tiny: DiffusionRecipe = {
  ...s4,
  epochs: 500,
  batchSize: 300,
  lr: 1e-3,
  schedule: "constant",
  process: { ...s4.process, timesteps: 1000, range: [-1, 1] },
  loss: "l1",
  dropLabels: 0,
  samples: { ...s4.samples, guidance: [1] },
};

/** What `--recipe best` changes: tried with dit-light. */
const best: Partial<DiffusionRecipe> = {
  optimizer: "adamw",
  lr: 2e-3,
  schedule: "cosine",
  ema: 0.999,
  process: { timesteps: 1000, noise: "cosine", zeroSnr: false, prediction: "v", range: [-1, 1] },
};

/** The few digits, by a recipe of our own that a CPU trains in minutes. */
const digits: Partial<DiffusionRecipe> = { ...best, epochs: 150, batchSize: 64, ema: 0.995 };

function recipeOf(preset: DiTPresetName, dataset: DatasetName, isBest: boolean): DiffusionRecipe {
  const published = preset === "dit-tiny" ? tiny : s4;
  if (dataset !== "digits" && !isBest) return published;
  const guidance = preset === "dit-tiny" ? [1] : [1, 2];
  const samples = { ...published.samples, guidance };
  if (dataset === "digits") return { ...published, ...digits, samples };
  // The others keep their rate: at 2e-3 they were not trained on so many images.
  const lr = preset === "dit-light" ? best.lr! : published.lr;
  return { ...published, ...best, lr, samples };
}

/** The command line. */
export const ditSpec = {
  name: "dit",
  summary:
    "Trains a diffusion transformer that draws digits by class: dit-light (184 272 values, 64 " +
    "wide, 2 blocks), dit-tiny (388 640), dit-s4 (32.5 million) or dit-s4-shared (22.8 million). On " +
    "MNIST the published recipes or --recipe best; on the digits 150 epochs of ours.",
  examples: [
    "deno task dit --dataset digits",
    "deno task dit --preset dit-tiny --dataset mnist --subset 6000 --epochs 20",
    "deno task dit --noise rectified-flow --sampler heun",
  ],
  options: {
    preset: {
      type: "string",
      choices: Object.keys(ditPresets) as DiTPresetName[],
      default: "dit-light",
      help: "Which network.",
    },
    recipe: {
      type: "string",
      choices: ["default", "best"],
      default: "default",
      help:
        "The published recipe, or one of our own, tried with dit-light: v-prediction along a cosine, " +
        "AdamW, an average of the weights. (the digits always have ours)",
    },
    ...LABEL_OPTIONS,
    ...DIFFUSION_OPTIONS,
  },
  absent: NO_CLASSIFIER,
} as const;

if (import.meta.main) {
  await runTask(ditSpec, ({ options, given }) => {
    const { preset } = options;
    return trainGenerator({
      task: "dit",
      model: preset,
      recipe: (dataset) =>
        applyDiffusionOptions(
          recipeOf(preset, dataset, options.recipe === "best"),
          options,
        ),
      build: (model, shape, recipe) => diffusionTraining(model as DiTPresetName, shape, recipe),
      options,
      given,
    });
  });
}
