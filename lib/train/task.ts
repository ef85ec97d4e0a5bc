/** The life of a training run, from parsed options to a run folder with all its files. @module */

import { asTyped } from "../cli/command.ts";
import { type Device, openDevice } from "../device.ts";
import { grouped } from "../text.ts";
import { announceAdapter } from "./announce.ts";
import { writeArtifacts } from "./artifacts.ts";
import { loadModel } from "./checkpoint.ts";
import { accuracyOf, predictSet } from "./evaluate.ts";
import { stepsPerEpoch } from "./feed_stepper.ts";
import { trainClassifier } from "./loop.ts";
import { beginRun, resumeRun } from "./open_run.ts";
import { formatSpan, Progress } from "./progress.ts";
import { planOf, type Run, saveRun, type TrainingRequest, withKeptWeights } from "./run.ts";
import { INTERRUPTED, untilStopped } from "./signals.ts";
import type { Accuracies } from "./state.ts";

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
  const run: Run = options.resume === undefined
    ? await beginRun(planOf(request), options, progress, device)
    : await resumeRun(planOf(request), request, options.resume, progress, device);

  const hint = asTyped(`go on with: deno task ${request.task} --resume ${run.folder}`);
  const finished = await untilStopped(progress, hint, (signal) =>
    trainClassifier({
      device,
      ...run,
      maxValue: run.dataset.maxValue,
      recipe: run.config.recipe,
      progress,
      signal,
      eager: options.eager,
      evaluate: () => withKeptWeights(run, () => evaluateEpoch(device, run)),
      save: () => saveRun(run),
    }));
  return finished ? await finish(device, run) : undefined;
}

async function evaluateEpoch(
  device: Device,
  run: Run,
): Promise<Accuracies> {
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
  const { report, verdict } = await writeArtifacts({
    folder,
    config,
    result,
    records,
    facts: [
      ["Parameters", grouped(result.parameters)],
      ["Epochs", String(result.epochs)],
      ["Training time", formatSpan(result.seconds)],
      ["Adapter", result.adapter],
    ],
    started: config.started,
    dataset,
    predictions,
  });
  return { result, summary: `${report}\n\n${verdict}` };
}
