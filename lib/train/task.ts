/** The life of a training run, from parsed options to a run folder with all its files. @module */

import { loadDataset } from "../data/load.ts";
import { splitValidation } from "../data/split.ts";
import type { Dataset, DatasetName, ImageSet } from "../data/types.ts";
import { join } from "../deps.ts";
import { type Device, openDevice } from "../device.ts";
import { CheckpointError, UsageError } from "../errors.ts";
import { type ModelName, models } from "../models/registry.ts";
import type { ImageShape } from "../models/shape.ts";
import type { Module } from "../nn/module.ts";
import { Random } from "../random.ts";
import { writeArtifacts } from "./artifacts.ts";
import { loadModel, MODEL_FILE, type ModelInfo, saveModel } from "./checkpoint.ts";
import { accuracyOf, predictSet } from "./evaluate.ts";
import { announceAdapter, announceData, showFetch } from "./announce.ts";
import { stepsPerEpoch, trainClassifier } from "./loop.ts";
import { applyOptions, RESUME_OPTIONS, type TrainingOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import { makeOptimizer, type Recipe } from "./recipe.ts";
import {
  createRunFolder,
  readConfig,
  type RunConfig,
  versions,
  writeConfig,
  writeMetrics,
} from "./run_folder.ts";
import { type EpochRecord, loadState, saveState, type TrainingState } from "./state.ts";

/** What a training task asks for. */
export interface TrainingRequest {
  /** The task's name, which names the folder of its runs. */
  readonly task: string;
  /** The network. */
  readonly model: ModelName;
  /** The default recipe on a data set. */
  readonly recipe: (dataset: DatasetName) => Recipe;
  /** The parsed options. */
  readonly options: TrainingOptions;
  /** Which options stood on the command line. */
  readonly given: ReadonlySet<string>;
}

/** What a training run came to; the line of `--json`. */
export interface TrainingResult {
  readonly task: string;
  readonly model: string;
  readonly dataset: string;
  /** Trained values. */
  readonly parameters: number;
  /** Finished epochs. */
  readonly epochs: number;
  /** Steps in all. */
  readonly steps: number;
  readonly seed: number;
  /** Mean loss of the last epoch. */
  readonly train_loss: number;
  /** Accuracy of the kept model on the validation split; `null` without one. */
  readonly val_accuracy: number | null;
  /** Accuracy of the kept model on the test images. */
  readonly test_accuracy: number;
  /** Test images. */
  readonly test_images: number;
  /** Training time with evaluation, in seconds. */
  readonly seconds: number;
  /** The adapter's name. */
  readonly adapter: string;
  /** The run folder. */
  readonly run: string;
}

/** Exit status after Ctrl-C, as shells report it. */
const INTERRUPTED = 130;

/** The weights after the last epoch, beside the best ones, in a run with a validation split. */
const LAST_FILE = "last.safetensors";

/**
 * Trains, tests and writes everything into a run folder.
 *
 * @returns The exit status: 0, or 130 when the run was stopped by a signal.
 * @throws {UsageError} For options that do not go together.
 * @throws {DataError} When the data cannot be had or the run folder not be written.
 * @throws {CheckpointError} When the run to resume is damaged or does not fit.
 */
export async function trainTask(request: TrainingRequest): Promise<number> {
  const { options } = request;
  const progress = new Progress({ quiet: options.quiet });
  const device = await openDevice();
  announceAdapter(device, progress);
  const run = options.resume === undefined
    ? await begin(request, device, progress)
    : await resume(request, options.resume, device, progress);

  const stop = new AbortController();
  const removeListeners = stopOnSignals(stop, progress);
  try {
    await trainClassifier({
      device,
      ...run,
      maxValue: run.dataset.maxValue,
      recipe: run.config.recipe,
      progress,
      signal: stop.signal,
      evaluate: () => evaluateEpoch(device, run),
      save: () => saveRun(run),
    });
  } catch (error) {
    if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
    progress.warn(`stopped; go on with: deno task ${request.task} --resume ${run.folder}`);
    return INTERRUPTED;
  } finally {
    removeListeners();
    progress.clear();
  }
  const result = await finish(device, run, progress);
  if (options.json) console.log(JSON.stringify(result));
  return 0;
}

/** A run under way. */
interface Run {
  readonly folder: string;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly train: ImageSet;
  readonly validation: ImageSet | undefined;
  readonly network: Module;
  readonly optimizer: ReturnType<typeof makeOptimizer>;
  readonly state: TrainingState;
  readonly info: ModelInfo;
}

async function begin(
  request: TrainingRequest,
  device: Device,
  progress: Progress,
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
  const recipe = applyOptions(request.recipe(dataset.name), options, given);
  const { train, validation } = split(dataset, options.val);
  const shape = shapeOf(dataset);
  const network = buildNetwork(model, shape, recipe.seed);
  const config: RunConfig = {
    task,
    model,
    parameters: network.parameterCount,
    shape,
    recipe,
    dataset: {
      name: dataset.name,
      requested: options.dataset,
      source: dataset.source,
      dir: options.data,
      sha256: dataset.sha256,
      subset: options.subset ?? null,
      test_subset: options["test-subset"] ?? null,
      validation: options.val,
      train_images: train.count,
      test_images: dataset.test.count,
    },
    adapter: device.adapter,
    versions: versions(),
    started: new Date().toISOString(),
  };
  const folder = await createRunFolder(options.out, task, recipe.seed);
  await writeConfig(folder, config);
  const optimizer = makeOptimizer(recipe, network);
  const state = await loadState(folder, network, optimizer);
  announceData(config, progress);
  progress.line(`run folder ${folder}`);
  const info = infoOf(config, dataset);
  return { folder, config, dataset, train, validation, network, optimizer, state, info };
}

async function resume(
  { options, given, task }: TrainingRequest,
  folder: string,
  device: Device,
  progress: Progress,
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
  const optimizer = makeOptimizer(recipe, network);
  const state = await loadState(folder, network, optimizer);
  if (state.epoch > recipe.epochs) {
    throw new UsageError(
      `Cannot resume: the run has ${state.epoch} epochs already, got --epochs ${recipe.epochs}`,
    );
  }
  await writeConfig(folder, config);
  announceData(config, progress);
  progress.line(`resuming ${folder} after ${state.epoch} epochs and ${state.step} steps`);
  const info = infoOf(config, dataset);
  return { folder, config, dataset, train, validation, network, optimizer, state, info };
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

function infoOf({ model, shape }: RunConfig, dataset: Dataset): ModelInfo {
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

async function evaluateEpoch(
  device: Device,
  run: Run,
): Promise<Pick<EpochRecord, "val_accuracy" | "test_accuracy">> {
  const set = run.validation ?? run.dataset.test;
  const { classes } = await predictSet(device, run.network, set, run.dataset.maxValue);
  const accuracy = accuracyOf(classes, set.labels);
  return run.validation
    ? { val_accuracy: accuracy, test_accuracy: null }
    : { val_accuracy: null, test_accuracy: accuracy };
}

/**
 * Saves the run so that it can be resumed. The kept model is written before the state: killed in
 * between, the resumed run computes the same epoch and the same model again.
 */
async function saveRun(
  { folder, state, network, optimizer, validation, info }: Run,
): Promise<void> {
  if (state.step === 0) {
    const last = state.records.at(-1)!;
    const best = Math.max(...state.records.map((record) => record.val_accuracy ?? 0));
    const first = state.records.find((record) => record.val_accuracy === best);
    const weights = await network.stateDict();
    if (validation) await saveModel(join(folder, LAST_FILE), weights, info);
    if (!validation || first === last) await saveModel(join(folder, MODEL_FILE), weights, info);
  }
  await saveState(folder, state, network, optimizer);
  await writeMetrics(folder, state.records);
}

async function finish(device: Device, run: Run, progress: Progress): Promise<TrainingResult> {
  const { config, folder, state, dataset, validation } = run;
  const network = validation ? (await loadModel(folder)).network : run.network;
  const { test, maxValue } = dataset;
  const predictions = await predictSet(device, network, test, maxValue);
  const last = state.records.at(-1)!;
  const result: TrainingResult = {
    task: config.task,
    model: config.model,
    dataset: dataset.name,
    parameters: config.parameters,
    epochs: state.epoch,
    steps: state.epoch * stepsPerEpoch(run.train.count, config.recipe.batchSize),
    seed: config.recipe.seed,
    train_loss: last.train_loss,
    val_accuracy: validation
      ? Math.max(...state.records.map((record) => record.val_accuracy ?? 0))
      : null,
    test_accuracy: accuracyOf(predictions.classes, test.labels),
    test_images: test.count,
    seconds: Number(state.seconds.toFixed(3)),
    adapter: config.adapter.name,
    run: folder,
  };
  await writeArtifacts({
    folder,
    config,
    result,
    records: state.records,
    dataset,
    predictions,
    progress,
  });
  return result;
}

/** Stops after the current step at the first signal, at once at the second. */
function stopOnSignals(stop: AbortController, progress: Progress): () => void {
  const listener = () => {
    if (stop.signal.aborted) Deno.exit(INTERRUPTED);
    progress.warn("stopping after this step (again to stop at once)");
    stop.abort(new Error("stopped by a signal"));
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return () => {
    for (const signal of signals) Deno.removeSignalListener(signal, listener);
  };
}
