/** A run under way: begun afresh or resumed, and saved so that it can be resumed. @module */

import { loadDataset } from "../data/load.ts";
import { splitValidation } from "../data/split.ts";
import type { Dataset, DatasetName, ImageSet } from "../data/types.ts";
import { join } from "../deps.ts";
import type { Device } from "../device.ts";
import { CheckpointError, UsageError } from "../errors.ts";
import { type ModelName, models } from "../models/registry.ts";
import type { ImageShape } from "../models/shape.ts";
import type { Module } from "../nn/module.ts";
import type { EMA } from "../nn/optim/ema.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import { Random } from "../random.ts";
import { announceData, showFetch } from "./announce.ts";
import { MODEL_FILE, saveModel } from "./checkpoint.ts";
import type { ModelInfo } from "./model_info.ts";
import { applyOptions, RESUME_OPTIONS, type TrainingOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { makeEma, makeOptimizer, type Recipe } from "./recipe.ts";
import {
  createRunFolder,
  datasetConfig,
  readConfig,
  type RunConfig,
  versions,
  writeConfig,
  writeMetrics,
} from "./run_folder.ts";
import { loadState, saveState, type TrainingState } from "./state.ts";

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

/** A run under way. */
export interface Run {
  /** The run folder. */
  readonly folder: string;
  /** What is run. */
  readonly config: RunConfig;
  /** The whole data set. */
  readonly dataset: Dataset;
  /** The images to train on. */
  readonly train: ImageSet;
  /** The images held out, if any. */
  readonly validation: ImageSet | undefined;
  /** The network in training. */
  readonly network: Module;
  /** Its optimizer. */
  readonly optimizer: Optimizer;
  /** The average of its weights, which is tested and kept in their place. */
  readonly ema: EMA | undefined;
  /** Where the run stands. */
  readonly state: TrainingState;
  /** What checkpoints say of the network. */
  readonly info: ModelInfo<ModelName>;
}

/**
 * Begins a run: loads the data, builds the network, makes the run folder.
 *
 * @throws {DataError} When the data cannot be had or the folder not be made.
 */
export async function beginRun(
  request: TrainingRequest,
  progress: Progress,
  device: Device,
): Promise<Run> {
  const { options, given, model, task } = request;
  const dataset = await loadDataset({
    dataset: options.dataset,
    dir: options.data,
    subset: options.subset,
    testSubset: options["test-subset"],
    onProgress: showFetch(progress),
    notice: (line) => progress.warn(line),
  });
  const recipe = applyOptions(
    request.recipe(dataset.name, options.recipe === "best"),
    options,
    given,
  );
  const { train, validation } = split(dataset, options.val);
  const shape = shapeOf(dataset);
  const network = buildNetwork(model, shape, recipe.seed);
  const config: RunConfig = {
    task,
    model,
    parameters: network.parameterCount,
    shape,
    recipe,
    dataset: datasetConfig(dataset, options, train.count),
    adapter: device.adapter,
    versions: versions(),
    started: new Date().toISOString(),
  };
  const folder = await createRunFolder(options.out, task, recipe.seed);
  await writeConfig(folder, config);
  const trained = trainedOf(recipe, network);
  const state = await loadState(folder, trained);
  announceData(config, progress);
  progress.line(`run folder ${folder}`);
  const info = infoOf(config, dataset);
  return { folder, config, dataset, train, validation, ...trained, state, info };
}

/**
 * Takes up the run in `folder` where its last saved state left it.
 *
 * @throws {UsageError} When options are given that the run has of its own.
 * @throws {CheckpointError} When the folder or its state is damaged, or the data is not the same.
 */
export async function resumeRun(
  { options, given, task }: TrainingRequest,
  folder: string,
  progress: Progress,
  device: Device,
): Promise<Run> {
  const refused = [...given].find((name) => !RESUME_OPTIONS.has(name));
  if (refused !== undefined) {
    throw new UsageError(
      `Cannot resume with other options: the run keeps its own, got --${refused}. ` +
        `Only ${[...RESUME_OPTIONS].map((name) => `--${name}`).join(", ")} go with --resume`,
    );
  }
  const saved = await readConfig(folder);
  if (saved.task !== task) {
    throw new UsageError(
      `Cannot resume: ${folder} is a run of ${saved.task}, got the task ${task}`,
    );
  }
  const dataset = await loadDataset({
    dataset: saved.dataset.name,
    dir: given.has("data") ? options.data : saved.dataset.dir,
    subset: saved.dataset.subset ?? undefined,
    testSubset: saved.dataset.test_subset ?? undefined,
    onProgress: showFetch(progress),
    notice: (line) => progress.warn(line),
  });
  checkSameData(saved, dataset);
  if (saved.adapter.name !== device.adapter.name) {
    progress.warn(
      `the run began on ${saved.adapter.name}; this adapter may round differently, so the ` +
        "weights need not be those of a run that was never stopped",
    );
  }
  const recipe = { ...saved.recipe, epochs: options.epochs ?? saved.recipe.epochs };
  const config = { ...saved, recipe };
  const { train, validation } = split(dataset, saved.dataset.validation);
  const network = buildNetwork(saved.model, saved.shape, recipe.seed);
  const trained = trainedOf(recipe, network);
  const state = await loadState(folder, trained);
  if (state.epoch > recipe.epochs) {
    throw new UsageError(
      `Cannot resume: the run has ${state.epoch} epochs already, got --epochs ${recipe.epochs}`,
    );
  }
  await writeConfig(folder, config);
  announceData(config, progress);
  progress.line(`resuming ${folder} after ${state.epoch} epochs and ${state.step} steps`);
  const info = infoOf(config, dataset);
  return { folder, config, dataset, train, validation, ...trained, state, info };
}

function split(dataset: Dataset, count: number): Pick<Run, "train" | "validation"> {
  if (count === 0) return { train: dataset.train, validation: undefined };
  return splitValidation(dataset.train, count);
}

function shapeOf({ train, classNames }: Dataset): ImageShape {
  return { height: train.height, width: train.width, channels: 1, classes: classNames.length };
}

function buildNetwork(model: ModelName, shape: ImageShape, seed: number): Module {
  return models[model].build(shape, new Random(seed, "init"));
}

function trainedOf(recipe: Recipe, network: Module): Pick<Run, "network" | "optimizer" | "ema"> {
  return { network, optimizer: makeOptimizer(recipe, network), ema: makeEma(recipe, network) };
}

/** Runs `fn` while the network has the weights that are tested and kept. */
export function withKeptWeights<T>({ ema }: Pick<Run, "ema">, fn: () => Promise<T>): Promise<T> {
  return ema ? ema.during(fn) : fn();
}

function infoOf({ model, shape }: RunConfig, dataset: Dataset): ModelInfo<ModelName> {
  const { name, maxValue, classNames } = dataset;
  return { model, shape, dataset: name, maxValue, classNames };
}

function checkSameData(saved: RunConfig, dataset: Dataset): void {
  for (const [file, hash] of Object.entries(saved.dataset.sha256)) {
    if (dataset.sha256[file] !== hash) {
      throw new CheckpointError(
        `Cannot resume: ${file} is not the file that the run began with, got sha256 ` +
          `${dataset.sha256[file] ?? "of no such file"}`,
      );
    }
  }
}

/** The weights after the last epoch, beside the best ones, in a run with a validation split. */
const LAST_FILE = "last.safetensors";

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
