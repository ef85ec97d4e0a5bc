/** How a network is trained. @module */

import type { Augmentation } from "../data/augment.ts";
import type { DatasetName } from "../data/types.ts";
import type { Module } from "../nn/module.ts";
import { Adam, AdamW } from "../nn/optim/adam.ts";
import { EMA } from "../nn/optim/ema.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import { constant, cosine, linear, type Schedule } from "../nn/optim/schedule.ts";
import { SGD } from "../nn/optim/sgd.ts";

/** The optimizers that `--optimizer` offers. */
export const OPTIMIZERS = ["sgd", "adam", "adamw"] as const;

/** The schedules that `--schedule` offers. */
export const SCHEDULES = ["constant", "linear", "cosine"] as const;

/** How any network is optimized. */
export interface Optimization {
  /** Passes over the training images. */
  readonly epochs: number;
  /** Images per step; the last step of an epoch takes what is left. */
  readonly batchSize: number;
  /** The optimizer. */
  readonly optimizer: typeof OPTIMIZERS[number];
  /** Learning rate at the start. */
  readonly lr: number;
  /** How the learning rate changes from step to step. */
  readonly schedule: typeof SCHEDULES[number];
  /** Decay of Adam's average of gradients, `β₁`. @default 0.9 */
  readonly beta1?: number;
  /** Weight decay of the optimizer: decoupled in AdamW, L2 in the others. @default the optimizer's */
  readonly weightDecay?: number;
  /**
   * Decay of the average of the weights that is tested and kept; 0 keeps the weights themselves.
   * @default 0
   */
  readonly ema?: number;
  /** What all random numbers are drawn from. */
  readonly seed: number;
}

/** Everything that decides what the training of a classifier computes, beside data and network. */
export interface Recipe extends Optimization {
  /** Share of the target that is spread over all classes. @default 0 */
  readonly labelSmoothing?: number;
  /** Whether training images are moved and bent at random. */
  readonly augment: boolean;
  /** How far, when they are. @default what suits the size of the images */
  readonly augmentation?: Augmentation;
}

/**
 * A recipe for accuracy, `--recipe best`: decoupled weight decay, a learning rate that falls to 0
 * along a cosine, smoothed labels, images moved and bent at random, and the average of the weights.
 *
 * @param recipe The published recipe, whose batches and epochs it keeps.
 * @param dataset The 8x8 digits are few and small: more epochs, a shorter average, no bending.
 * @param changes What the network wants otherwise.
 */
export function accurate(
  recipe: Recipe,
  dataset: DatasetName,
  changes: Partial<Recipe>,
): Recipe {
  const few: Partial<Recipe> = {
    epochs: 60,
    ema: 0.99,
    augmentation: { shift: 0.7, rotate: 15, scale: 0.2 },
  };
  return {
    ...recipe,
    optimizer: "adamw",
    weightDecay: 0.01,
    schedule: "cosine",
    labelSmoothing: 0.05,
    ema: 0.999,
    augment: true,
    ...(dataset === "digits" && few),
    ...changes,
  };
}

/** Makes the recipe's optimizer for `network`. */
export function makeOptimizer(recipe: Optimization, network: Module): Optimizer {
  const parameters = network.namedParameters();
  const { lr, beta1 = 0.9, weightDecay } = recipe;
  const options = { lr, ...(weightDecay !== undefined && { weightDecay }) };
  const betas = [beta1, 0.999] as const;
  switch (recipe.optimizer) {
    case "sgd":
      return new SGD(parameters, options);
    case "adam":
      return new Adam(parameters, { ...options, betas });
    case "adamw":
      return new AdamW(parameters, { ...options, betas });
  }
}

/** Makes the average of `network`'s weights, when the recipe asks for one. */
export function makeEma({ ema = 0 }: Optimization, network: Module): EMA | undefined {
  return ema > 0 ? new EMA(network.namedParameters(), { decay: ema }) : undefined;
}

/** Makes the recipe's schedule for a run of `total` steps. */
export function makeSchedule(recipe: Optimization, total: number): Schedule {
  switch (recipe.schedule) {
    case "constant":
      return constant();
    case "linear":
      return linear(total);
    case "cosine":
      return cosine(total);
  }
}
