/** The options of tasks that train generators, and how they meet the recipe. @module */

import type { Options, OptionValue } from "../cli/spec.ts";
import { UsageError } from "../errors.ts";
import { applyOptimization, TRAINING_OPTIONS } from "../train/options.ts";
import { NOISES, planOf, PREDICTIONS, type Process, SAMPLERS } from "./process.ts";
import type { DiffusionRecipe, GanRecipe, SampleSettings } from "./recipe.ts";

/** What classifiers have and generators do not, and what stands at the end. */
const {
  recipe: _recipe,
  "label-smoothing": _smoothing,
  "test-subset": _testSubset,
  val: _val,
  augment: _augment,
  resume,
  eager,
  json,
  quiet,
  ...COMMON
} = TRAINING_OPTIONS;

const BEFORE = {
  ...COMMON,
  ema: {
    ...COMMON.ema,
    help: "Draw with and keep an average of the weights with this decay, such as 0.999; 0 is none.",
  },
} as const satisfies Options;

const SAMPLES = {
  rows: { type: "integer", min: 1, help: "Rows of drawn images in each picture." },
  "sample-every": {
    type: "integer",
    min: 0,
    help:
      "Draw a picture every N epochs; 0 draws only at the end. (1, or 20 pictures in a long run)",
  },
} as const satisfies Options;

const AFTER = { resume, eager, json, quiet } as const satisfies Options;

/** The options of the task that trains a GAN. */
export const GAN_OPTIONS = { ...BEFORE, ...SAMPLES, ...AFTER } as const satisfies Options;

/** `--sampler` and `--steps`, for training and sampling. */
export const SAMPLER_OPTIONS = {
  sampler: {
    type: "string",
    choices: SAMPLERS,
    help:
      "Sampler: ddpm, ddim or dpm++, and of a rectified flow euler or heun. (dpm++ and heun; the " +
      "network of ddpm has ddpm in 50 steps)",
  },
  steps: {
    type: "integer",
    min: 1,
    help:
      "Steps of the sampler. (all for --sampler ddpm, 50 for ddim and euler, 20 for dpm++, 10 for " +
      "heun)",
  },
} as const satisfies Options;

/** The options of tasks that train a diffusion network. */
export const DIFFUSION_OPTIONS = {
  ...BEFORE,
  timesteps: { type: "integer", min: 1, help: "T, the number of timesteps." },
  noise: {
    type: "string",
    choices: NOISES,
    help:
      "How noise grows: beta from 0.0001 to 0.02, the same times 1000/T, along a cosine, or a " +
      "straight line from image to noise.",
  },
  "zero-snr": { type: "boolean", help: "Bend the noise so that no signal is left at the end." },
  prediction: { type: "string", choices: PREDICTIONS, help: "What the network predicts." },
  loss: { type: "string", choices: ["mse", "l1"], help: "Squared or absolute error." },
  "min-snr": {
    type: "number",
    placeholder: "GAMMA",
    min: 0,
    exclusiveMin: true,
    help: "Weight the loss by min-SNR with this gamma, such as 5.",
  },
  ...SAMPLES,
  "gif-every": {
    type: "integer",
    min: 0,
    help:
      "Draw a GIF of the way from noise to images every N epochs; 0 draws only at the end. (4 in " +
      "a run unless given)",
  },
  ...SAMPLER_OPTIONS,
  "show-forward": {
    type: "boolean",
    default: true,
    help: "First draw images on their way to noise; --no-show-forward switches it off.",
  },
  ...AFTER,
} as const satisfies Options;

/** The options of tasks whose network takes labels, beside {@link DIFFUSION_OPTIONS}. */
export const LABEL_OPTIONS = {
  "drop-labels": {
    type: "number",
    placeholder: "SHARE",
    min: 0,
    max: 1,
    help: "Share of labels that are dropped in training, for guidance.",
  },
  guidance: {
    type: "numbers",
    placeholder: "S,...",
    min: 0,
    help:
      "Scales of guidance, each with a picture of its own: 0 without the class, 1 with it, more " +
      "goes beyond. (papers that write 1 + w call w what is s - 1 here)",
  },
} as const satisfies Options;

/** Options of classifiers that these tasks have not, and why. */
export const NO_CLASSIFIER = {
  "label-smoothing": "a generator has no classes to tell apart",
  "test-subset": "a generator is not tested; <task>:sample has --judge",
  val: "a generator is not tested; <task>:sample has --judge",
  augment: "it would draw bent digits",
} as const;

/** {@link NO_CLASSIFIER}, and that there is one recipe. */
export const ONE_RECIPE = {
  ...NO_CLASSIFIER,
  recipe: "it has one, whose parts are options",
} as const;

type Values<O extends Options> = { readonly [Name in keyof O]: OptionValue<O[Name]> };

/** The values of {@link GAN_OPTIONS}. */
export type GanOptions = Values<typeof GAN_OPTIONS>;

/** The values of {@link DIFFUSION_OPTIONS}, and of {@link LABEL_OPTIONS} where they are offered. */
export type DiffusionOptions =
  & Values<typeof DIFFUSION_OPTIONS>
  & Partial<Values<typeof LABEL_OPTIONS>>;

/** `recipe` with what was given on the command line in the place of its own values. */
export function applyGanOptions(recipe: GanRecipe, options: GanOptions): GanRecipe {
  const optimized = applyOptimization(recipe, options);
  return { ...optimized, samples: applySamples(optimized, options) };
}

/**
 * `recipe` with what was given on the command line in the place of its own values.
 *
 * @throws {UsageError} When the options do not go together.
 */
export function applyDiffusionOptions(
  recipe: DiffusionRecipe,
  options: DiffusionOptions,
): DiffusionRecipe {
  const optimized = applyOptimization(recipe, options);
  const dropLabels = options["drop-labels"] ?? recipe.dropLabels;
  const guidance = options.guidance ?? (dropLabels === 0 ? [1] : recipe.samples.guidance);
  const needsNull = guidance.find((scale) => scale !== 1);
  if (needsNull !== undefined && dropLabels === 0) {
    throw new UsageError(
      `Cannot guide: the network must learn from dropped labels too, got --guidance ${needsNull} ` +
        "and no --drop-labels. Give --drop-labels 0.1; dit-tiny cannot, and so cannot be guided",
    );
  }
  const process = applyProcess(recipe.process, options);
  const sampler = options.sampler ?? recipe.samples.sampler;
  const steps = options.steps ?? recipe.samples.steps;
  // Said now, and not after the first epoch.
  planOf(process, sampler, steps);
  const minSnr = options["min-snr"] ?? recipe.minSnr;
  if (minSnr !== undefined && process.noise === "rectified-flow") {
    throw new UsageError(
      `Cannot weight a rectified flow: it has no signal-to-noise schedule, got --min-snr ${minSnr}`,
    );
  }
  return {
    ...optimized,
    process,
    loss: options.loss ?? recipe.loss,
    ...(minSnr !== undefined && { minSnr }),
    dropLabels,
    samples: {
      ...applySamples(optimized, options),
      gifEvery: options["gif-every"] ?? often(recipe.samples.gifEvery, optimized.epochs, 4),
      guidance,
      ...(sampler !== undefined && { sampler }),
      ...(steps !== undefined && { steps }),
    },
  };
}

function applyProcess(process: Process, options: DiffusionOptions): Process {
  const noise = options.noise ?? process.noise;
  const isFlow = noise === "rectified-flow";
  const own = isFlow ? "velocity" : process.prediction;
  return {
    ...process,
    timesteps: options.timesteps ?? process.timesteps,
    noise,
    zeroSnr: options["zero-snr"] || process.zeroSnr,
    prediction: options.prediction ?? own,
  };
}

function applySamples(
  { samples, epochs }: { readonly samples: SampleSettings; readonly epochs: number },
  options: { readonly rows?: number | undefined; readonly "sample-every"?: number | undefined },
): SampleSettings {
  return {
    rows: options.rows ?? samples.rows,
    every: options["sample-every"] ?? often(samples.every, epochs, 20),
    gifEvery: samples.gifEvery,
  };
}

/** The recipe's interval, unless a long run would have far more than `most` of them. */
function often(every: number, epochs: number, most: number): number {
  return every === 0 ? 0 : Math.max(every, Math.ceil(epochs / most));
}
