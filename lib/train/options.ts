/** The options that all training tasks share, and how they meet the recipe. @module */

import type { Options, OptionValue } from "../cli/spec.ts";
import { UsageError } from "../errors.ts";
import { type Optimization, OPTIMIZERS, type Recipe, SCHEDULES } from "./recipe.ts";

/** The data sets that `--dataset` offers. */
export const DATASET_CHOICES = ["auto", "mnist", "fashion-mnist", "digits"] as const;

/** `--data`, for every task that reads a data set. */
export const DATA_OPTION = {
  type: "path",
  placeholder: "DIR|URL",
  default: "data",
  help: "Folder with one folder per data set; missing files are fetched into it. Or the address " +
    "of a server with such a folder: they are then fetched from there into data/.",
} as const satisfies Options[string];

/** `--json` and `--quiet`, for every task that computes for a while. */
export const OUTPUT_OPTIONS = {
  json: {
    type: "boolean",
    help: "Print the result as one line of JSON on stdout, all else on stderr.",
  },
  quiet: { type: "boolean", help: "Print only the result and warnings." },
} as const satisfies Options;

/** The options of every training task. */
export const TRAINING_OPTIONS = {
  dataset: {
    type: "string",
    choices: DATASET_CHOICES,
    default: "auto",
    help: "Data set; auto is MNIST where it is found or can be fetched, else the 8x8 digits.",
  },
  data: DATA_OPTION,
  out: { type: "path", placeholder: "DIR", default: "runs", help: "Folder for run folders." },
  recipe: {
    type: "string",
    choices: ["default", "best"],
    default: "default",
    help: "The published recipe, or the most accurate one that we know; other options change both.",
  },
  epochs: { type: "integer", min: 1, help: "Passes over the training images." },
  "batch-size": { type: "integer", min: 1, help: "Images per step." },
  lr: {
    type: "number",
    placeholder: "RATE",
    min: 0,
    exclusiveMin: true,
    help: "Learning rate at the start.",
  },
  optimizer: { type: "string", choices: OPTIMIZERS, help: "Optimizer." },
  beta1: {
    type: "number",
    placeholder: "DECAY",
    min: 0,
    max: 1,
    exclusiveMax: true,
    help: "Decay of the average of gradients in adam and adamw. (0.9, of a GAN 0.5)",
  },
  schedule: {
    type: "string",
    choices: SCHEDULES,
    help: "How the learning rate falls over the run.",
  },
  "weight-decay": {
    type: "number",
    min: 0,
    help: "Weight decay: decoupled in AdamW (0.01 if not given), L2 in the others.",
  },
  "label-smoothing": {
    type: "number",
    min: 0,
    max: 1,
    exclusiveMax: true,
    help: "Share of the target that is spread over all classes.",
  },
  ema: {
    type: "number",
    placeholder: "DECAY",
    min: 0,
    max: 1,
    exclusiveMax: true,
    help: "Test and keep an average of the weights with this decay, such as 0.999; 0 is none.",
  },
  seed: {
    type: "integer",
    min: 0,
    help: "What all random numbers are drawn from; the same seed gives the same bits.",
  },
  subset: { type: "integer", min: 1, help: "Train on the first N training images." },
  "test-subset": { type: "integer", min: 1, help: "Test on the first N test images." },
  val: {
    type: "integer",
    min: 0,
    default: 0,
    help: "Hold out the last N training images; the best epoch on them is kept.",
  },
  augment: {
    type: "boolean",
    help: "Move, turn, scale and bend training images at random; --no-augment switches it off.",
  },
  resume: {
    type: "path",
    placeholder: "RUN",
    help: "Go on with the run in this folder, with its own options; --epochs may be raised.",
  },
  eager: {
    type: "boolean",
    help: "Run every step through tfjs instead of replaying a recording: slower, the same bits.",
  },
  ...OUTPUT_OPTIONS,
} as const satisfies Options;

/** The values of {@link TRAINING_OPTIONS}. */
export type TrainingOptions = {
  readonly [Name in keyof typeof TRAINING_OPTIONS]: OptionValue<(typeof TRAINING_OPTIONS)[Name]>;
};

/** The options that may be given with `--resume`: they do not change what is computed. */
export const RESUME_OPTIONS: ReadonlySet<string> = new Set([
  "resume",
  "epochs",
  "data",
  "eager",
  "json",
  "quiet",
  "debug",
]);

/** The options of {@link applyOptimization}. */
export type OptimizationOptions = Pick<
  TrainingOptions,
  | "epochs"
  | "batch-size"
  | "lr"
  | "optimizer"
  | "beta1"
  | "schedule"
  | "weight-decay"
  | "ema"
  | "seed"
>;

/**
 * `recipe` with what of its optimization was given on the command line.
 *
 * @throws {UsageError} When `--beta1` is given and the optimizer has none.
 */
export function applyOptimization<R extends Optimization>(
  recipe: R,
  options: OptimizationOptions,
): R {
  const optimizer = options.optimizer ?? recipe.optimizer;
  if (options.beta1 !== undefined && optimizer === "sgd") {
    throw new UsageError(
      "Cannot use --beta1: it belongs to adam and adamw, got --optimizer sgd. Leave --beta1 out",
    );
  }
  const beta1 = options.beta1 ?? recipe.beta1;
  const weightDecay = options["weight-decay"] ?? recipe.weightDecay;
  const ema = options.ema ?? recipe.ema;
  return {
    ...recipe,
    epochs: options.epochs ?? recipe.epochs,
    batchSize: options["batch-size"] ?? recipe.batchSize,
    lr: options.lr ?? recipe.lr,
    optimizer,
    ...(beta1 !== undefined && { beta1 }),
    schedule: options.schedule ?? recipe.schedule,
    ...(weightDecay !== undefined && { weightDecay }),
    ...(ema !== undefined && { ema }),
    seed: options.seed ?? recipe.seed,
  };
}

/** `recipe` with what was given on the command line in the place of its own values. */
export function applyOptions(
  recipe: Recipe,
  options: TrainingOptions,
  given: ReadonlySet<string>,
): Recipe {
  const labelSmoothing = options["label-smoothing"] ?? recipe.labelSmoothing;
  return {
    ...applyOptimization(recipe, options),
    ...(labelSmoothing !== undefined && { labelSmoothing }),
    augment: given.has("augment") ? options.augment : recipe.augment,
  };
}
