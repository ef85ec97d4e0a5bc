/** The runs of classifiers. @module */

import type { DatasetName } from "../data/types.ts";
import { join } from "../deps.ts";
import { type ModelName, models } from "../models/registry.ts";
import type { Module } from "../nn/module.ts";
import type { EMA } from "../nn/optim/ema.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import { Random } from "../random.ts";
import { MODEL_FILE, saveModel } from "./checkpoint.ts";
import type { OpenRun, RunPlan } from "./open_run.ts";
import { applyOptions, type TrainingOptions } from "./options.ts";
import { makeEma, makeOptimizer, type Optimization, type Recipe } from "./recipe.ts";
import { writeMetrics } from "./run_folder.ts";
import { type Accuracies, saveState } from "./state.ts";

/** A training task: which network, by which recipes. */
export interface TrainingTask {
  /** The task's name, which names the folder of its runs. */
  readonly task: string;
  /** The network. */
  readonly model: ModelName;
  /** The recipe of `--recipe default` on a data set, and that of `--recipe best`. */
  readonly recipe: (dataset: DatasetName, best: boolean) => Recipe;
}

/** What a training task is asked for. */
export interface TrainingRequest extends TrainingTask {
  /** The parsed options. */
  readonly options: TrainingOptions;
  /** Which options stood on the command line. */
  readonly given: ReadonlySet<string>;
}

/** What a run of one network trains. */
export interface TrainedNetwork {
  /** The network in training. */
  readonly network: Module;
  /** Its optimizer. */
  readonly optimizer: Optimizer;
  /** The average of its weights, which is tested and kept in their place. */
  readonly ema: EMA | undefined;
}

/** A classifier's run under way. */
export type Run = OpenRun<Recipe, ModelName, Accuracies> & TrainedNetwork;

/** What `request` wants trained. */
export function planOf(request: TrainingRequest): RunPlan<Recipe, ModelName, TrainedNetwork> {
  const { task, model, options, given } = request;
  return {
    task,
    model,
    recipe: (dataset) =>
      applyOptions(request.recipe(dataset, options.recipe === "best"), options, given),
    build: (model, shape, recipe) =>
      trainedNetwork(models[model].build(shape, new Random(recipe.seed, "init")), recipe),
  };
}

/** A network with what trains it. */
export function trainedNetwork<M extends Module>(
  network: M,
  recipe: Optimization,
): TrainedNetwork & { readonly network: M } {
  return { network, optimizer: makeOptimizer(recipe, network), ema: makeEma(recipe, network) };
}

/** Runs `fn` while the network has the weights that are tested and kept. */
export function withKeptWeights<T>(
  { ema }: Pick<TrainedNetwork, "ema">,
  fn: () => Promise<T>,
): Promise<T> {
  return ema ? ema.during(fn) : fn();
}

/** The weights after the last epoch, beside the best ones. */
export const LAST_FILE = "last.safetensors";

/**
 * Saves the run so that it can be resumed. The kept model is written before the state: killed in
 * between, the resumed run computes the same epoch and the same model again.
 */
export async function saveRun(run: Run): Promise<void> {
  const { folder, state, network, validation, info } = run;
  if (state.step === 0) {
    const last = state.records.at(-1)!;
    const best = Math.max(...state.records.map((record) => record.val_accuracy ?? 0));
    const first = state.records.find((record) => record.val_accuracy === best);
    const weights = await withKeptWeights(run, () => network.stateDict());
    if (validation) await saveModel(join(folder, LAST_FILE), weights, info);
    if (!validation || first === last) await saveModel(join(folder, MODEL_FILE), weights, info);
  }
  await saveState(folder, state, run);
  await writeMetrics(folder, state.records);
}
