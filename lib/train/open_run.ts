/** Opening a run of any kind: begun afresh, or taken up where it was stopped. @module */

import { loadDataset } from "../data/load.ts";
import { splitValidation } from "../data/split.ts";
import type { Dataset, DatasetName, ImageSet } from "../data/types.ts";
import type { Device } from "../device.ts";
import { CheckpointError, UsageError } from "../errors.ts";
import type { ImageShape } from "../models/shape.ts";
import { counted } from "../text.ts";
import { announceData, showFetch } from "./announce.ts";
import type { ModelInfo } from "./model_info.ts";
import { type DATASET_CHOICES, RESUME_OPTIONS } from "./options.ts";
import type { Progress } from "./progress.ts";
import type { Optimization } from "./recipe.ts";
import {
  createRunFolder,
  type DataOptions,
  datasetConfig,
  readConfig,
  type RunConfig,
  versions,
  writeConfig,
} from "./run_folder.ts";
import { loadState, type Trained, type TrainingState } from "./state.ts";

/** What is to be trained: `R` is its recipe, `Name` names its network, `T` is what is trained. */
export interface RunPlan<R extends Optimization, Name extends string, T extends Trained> {
  /** The task's name, which names the folder of its runs. */
  readonly task: string;
  /** The network. */
  readonly model: Name;
  /** The recipe for a data set, with all that was asked for. */
  readonly recipe: (dataset: DatasetName) => R;
  /** The data as the network takes it. @default as it is */
  readonly fit?: (dataset: Dataset, model: Name) => Dataset;
  /** Builds what is trained, with fresh weights. */
  readonly build: (model: Name, shape: ImageShape, recipe: R) => T;
}

/** The options that every plan needs. */
export interface RunOptions extends DataOptions {
  /** `--dataset`. */
  readonly dataset: typeof DATASET_CHOICES[number];
  /** Folder of run folders. */
  readonly out: string;
  /** Epochs, which a resumed run may raise. @default the recipe's */
  readonly epochs?: number | undefined;
}

/** A run under way, beside what it trains; `More` is what its records hold beside the loss. */
export interface OpenRun<R extends Optimization, Name extends string, More extends object> {
  /** The run folder. */
  readonly folder: string;
  /** What is run. */
  readonly config: RunConfig<R, Name>;
  /** The whole data set. */
  readonly dataset: Dataset;
  /** The images to train on. */
  readonly train: ImageSet;
  /** The images held out, if any. */
  readonly validation: ImageSet | undefined;
  /** Where the run stands. */
  readonly state: TrainingState<More>;
  /** What checkpoints say of the network. */
  readonly info: ModelInfo<Name>;
}

/**
 * Begins a run: loads the data, builds the network, makes the run folder.
 *
 * @throws {DataError} When the data cannot be had or the folder not be made.
 */
export async function beginRun<
  R extends Optimization,
  Name extends string,
  T extends Trained,
  More extends object,
>(
  plan: RunPlan<R, Name, T>,
  options: RunOptions,
  progress: Progress,
  device: Device,
): Promise<OpenRun<R, Name, More> & T> {
  const { task, model } = plan;
  const loaded = await loadDataset({
    dataset: options.dataset,
    dir: options.data,
    subset: options.subset,
    testSubset: options["test-subset"],
    onProgress: showFetch(progress),
    notice: (line) => progress.warn(line),
  });
  const dataset = plan.fit?.(loaded, model) ?? loaded;
  const recipe = plan.recipe(dataset.name);
  const { train, validation } = split(dataset, options.val ?? 0);
  const shape = shapeOf(dataset);
  const trained = plan.build(model, shape, recipe);
  const config: RunConfig<R, Name> = {
    task,
    model,
    parameters: trained.network.parameterCount,
    shape,
    recipe,
    dataset: datasetConfig(dataset, options, train.count),
    adapter: device.adapter,
    versions: versions(),
    started: new Date().toISOString(),
  };
  const folder = await createRunFolder(options.out, task, recipe.seed);
  await writeConfig(folder, config);
  const state = await loadState<More>(folder, trained);
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
export async function resumeRun<
  R extends Optimization,
  Name extends string,
  T extends Trained,
  More extends object,
>(
  plan: RunPlan<R, Name, T>,
  { options, given }: { readonly options: RunOptions; readonly given: ReadonlySet<string> },
  folder: string,
  progress: Progress,
  device: Device,
): Promise<OpenRun<R, Name, More> & T> {
  const refused = [...given].find((name) => !RESUME_OPTIONS.has(name));
  if (refused !== undefined) {
    throw new UsageError(
      `Cannot resume with other options: the run keeps its own, got --${refused}. ` +
        `Only ${[...RESUME_OPTIONS].map((name) => `--${name}`).join(", ")} go with --resume`,
    );
  }
  const saved = await readConfig<R, Name>(folder);
  if (saved.task !== plan.task) {
    throw new UsageError(
      `Cannot resume: ${folder} is a run of ${saved.task}, got the task ${plan.task}`,
    );
  }
  const loaded = await loadDataset({
    dataset: saved.dataset.name,
    dir: given.has("data") ? options.data : saved.dataset.dir,
    subset: saved.dataset.subset ?? undefined,
    testSubset: saved.dataset.test_subset ?? undefined,
    onProgress: showFetch(progress),
    notice: (line) => progress.warn(line),
  });
  checkSameData(saved, loaded);
  const dataset = plan.fit?.(loaded, saved.model) ?? loaded;
  if (saved.adapter.name !== device.adapter.name) {
    progress.warn(
      `the run began on ${saved.adapter.name}; this adapter may round differently, so the ` +
        "weights need not be those of a run that was never stopped",
    );
  }
  const recipe = { ...saved.recipe, epochs: options.epochs ?? saved.recipe.epochs };
  const config = { ...saved, recipe };
  const { train, validation } = split(dataset, saved.dataset.validation);
  const trained = plan.build(saved.model, saved.shape, recipe);
  const state = await loadState<More>(folder, trained);
  if (state.epoch > recipe.epochs) {
    throw new UsageError(
      `Cannot resume: the run has ${state.epoch} epochs already, got --epochs ${recipe.epochs}`,
    );
  }
  await writeConfig(folder, config);
  announceData(config, progress);
  progress.line(
    `resuming ${folder} after ${counted(state.epoch, "epoch")} and ${counted(state.step, "step")}`,
  );
  const info = infoOf(config, dataset);
  return { folder, config, dataset, train, validation, ...trained, state, info };
}

function split(
  dataset: Dataset,
  count: number,
): { train: ImageSet; validation: ImageSet | undefined } {
  if (count === 0) return { train: dataset.train, validation: undefined };
  return splitValidation(dataset.train, count);
}

function shapeOf({ train, classNames }: Dataset): ImageShape {
  return { height: train.height, width: train.width, channels: 1, classes: classNames.length };
}

function infoOf<R extends Optimization, Name extends string>(
  { model, shape }: RunConfig<R, Name>,
  dataset: Dataset,
): ModelInfo<Name> {
  const { name, maxValue, classNames } = dataset;
  return { model, shape, dataset: name, maxValue, classNames };
}

function checkSameData(
  saved: Pick<RunConfig, "dataset">,
  dataset: Dataset,
): void {
  for (const [file, hash] of Object.entries(saved.dataset.sha256)) {
    if (dataset.sha256[file] !== hash) {
      throw new CheckpointError(
        `Cannot resume: ${file} is not the file that the run began with, got sha256 ` +
          `${dataset.sha256[file] ?? "of no such file"}`,
      );
    }
  }
}
