/** The life of a training run, from parsed options to a run folder with all its files. @module */

import { type Device, openDevice } from "../device.ts";
import { announceAdapter } from "./announce.ts";
import { writeArtifacts } from "./artifacts.ts";
import { loadModel } from "./checkpoint.ts";
import { accuracyOf, predictSet } from "./evaluate.ts";
import { stepsPerEpoch, trainClassifier } from "./loop.ts";
import { formatDuration, Progress } from "./progress.ts";
import {
  beginRun,
  resumeRun,
  type Run,
  saveRun,
  type TrainingRequest,
  withKeptWeights,
} from "./run.ts";
import type { EpochRecord } from "./state.ts";

/** What a training run came to; the line of `--json`. */
export interface TrainingResult {
  /** The task. */
  readonly task: string;
  /** The network. */
  readonly model: string;
  /** The data set. */
  readonly dataset: string;
  /** Trained values. */
  readonly parameters: number;
  /** Finished epochs. */
  readonly epochs: number;
  /** Steps in all. */
  readonly steps: number;
  /** The seed. */
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

/** Signals within this time of the first, in ms, are that signal still. */
const SAME_SIGNAL = 1_000;

/** Exit status after Ctrl-C, as shells report it. */
export const INTERRUPTED = 130;

/**
 * Trains, tests and writes everything into a run folder, and prints what came out.
 *
 * @returns The exit status: 0, or 130 when the run was stopped by a signal.
 * @throws {UsageError} For options that do not go together.
 * @throws {DataError} When the data cannot be had or the run folder not be written.
 * @throws {CheckpointError} When the run to resume is damaged or does not fit.
 */
export async function trainTask(request: TrainingRequest): Promise<number> {
  const { options } = request;
  const progress = new Progress({ quiet: options.quiet });
  const outcome = await trainRun(request, progress);
  if (outcome === undefined) return INTERRUPTED;
  if (options.json) progress.line(`\n${outcome.summary}`);
  console.log(options.json ? JSON.stringify(outcome.result) : `\n${outcome.summary}`);
  return 0;
}

/** What a finished run came to. */
export interface TrainingOutcome {
  /** In numbers. */
  readonly result: TrainingResult;
  /** In words. */
  readonly summary: string;
}

/**
 * Trains, tests and writes everything into a run folder.
 *
 * @returns What came out; `undefined` when the run was stopped by a signal.
 * @throws As {@link trainTask}.
 */
export async function trainRun(
  request: TrainingRequest,
  progress: Progress,
): Promise<TrainingOutcome | undefined> {
  const { options } = request;
  const device = await openDevice();
  announceAdapter(device, progress);
  const run = options.resume === undefined
    ? await beginRun(request, progress, device)
    : await resumeRun(request, options.resume, progress, device);

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
      eager: options.eager,
      evaluate: () => withKeptWeights(run, () => evaluateEpoch(device, run)),
      save: () => saveRun(run),
    });
  } catch (error) {
    if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
    progress.warn(`stopped; go on with: deno task ${request.task} --resume ${run.folder}`);
    return undefined;
  } finally {
    removeListeners();
    progress.clear();
  }
  return await finish(device, run);
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

async function finish(device: Device, run: Run): Promise<TrainingOutcome> {
  const { config, folder, state, dataset, validation } = run;
  const keepsOwn = !validation && !run.ema;
  const network = keepsOwn ? run.network : (await loadModel(folder)).network;
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
  const { records } = state;
  const summary = await writeArtifacts({
    folder,
    config,
    result,
    records,
    facts: [
      ["Parameters", String(result.parameters)],
      ["Epochs", String(result.epochs)],
      ["Training time", formatDuration(result.seconds)],
      ["Adapter", result.adapter],
    ],
    started: config.started,
    dataset,
    predictions,
  });
  return { result, summary };
}

/** Stops after the current step at the first signal, at once at the second. */
function stopOnSignals(stop: AbortController, progress: Progress): () => void {
  let first = 0;
  const listener = () => {
    if (stop.signal.aborted) {
      // One kill of a whole process group can arrive several times.
      if (performance.now() - first > SAME_SIGNAL) Deno.exit(INTERRUPTED);
      return;
    }
    first = performance.now();
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
