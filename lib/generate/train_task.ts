/** The life of a generator's run, from parsed options to a run folder with all its files. @module */

import { asTyped } from "../cli/command.ts";
import type { Dataset, DatasetName } from "../data/types.ts";
import { join } from "../deps.ts";
import { type Device, openDevice } from "../device.ts";
import type { DiffusionLoss } from "../diffusion/loss.ts";
import type { GeneratorName } from "../models/generators.ts";
import type { ImageShape } from "../models/shape.ts";
import { counted } from "../text.ts";
import { announceAdapter } from "../train/announce.ts";
import { MODEL_FILE } from "../train/checkpoint.ts";
import { trainEpochs } from "../train/epochs.ts";
import { FeedStepper, stepsPerEpoch } from "../train/feed_stepper.ts";
import {
  beginRun,
  type OpenRun,
  resumeRun,
  type RunOptions,
  type RunPlan,
} from "../train/open_run.ts";
import { formatSpan, Progress } from "../train/progress.ts";
import type { Optimization } from "../train/recipe.ts";
import { LAST_FILE, withKeptWeights } from "../train/run.ts";
import { writeMetrics } from "../train/run_folder.ts";
import { INTERRUPTED, untilStopped } from "../train/signals.ts";
import { saveState } from "../train/state.ts";
import { type GeneratorInfo, saveGenerator } from "./checkpoint.ts";
import { writeReport } from "./report.ts";
import type { Process } from "./process.ts";
import type { SampleSettings } from "./recipe.ts";
import { requireRoom } from "./room.ts";
import { Showcase } from "./showcase.ts";
import type { TrainedGenerator } from "./training.ts";

/** What the recipes of all generators have. */
export interface GeneratorRecipe extends Optimization {
  /** The process, of a diffusion network. */
  readonly process?: Process;
  /** How its errors count. */
  readonly loss?: DiffusionLoss;
  /** The share of labels that are dropped. */
  readonly dropLabels?: number;
  /** What is drawn on the way. */
  readonly samples: SampleSettings & { readonly guidance?: readonly number[] };
}

/** What a generator's task is asked for. */
export interface GeneratorRequest<R extends GeneratorRecipe> {
  /** The task's name, which names the folder of its runs. */
  readonly task: string;
  /** The generator. */
  readonly model: GeneratorName;
  /** The recipe for a data set, with all that was asked for. */
  readonly recipe: (dataset: DatasetName) => R;
  /** The data as the network takes it. @default as it is */
  readonly fit?: (dataset: Dataset, model: GeneratorName) => Dataset;
  /** Builds what is trained. */
  readonly build: (model: GeneratorName, shape: ImageShape, recipe: R) => TrainedGenerator;
  /** The parsed options. */
  readonly options: RunOptions & {
    readonly resume?: string | undefined;
    readonly "show-forward"?: boolean;
    readonly eager: boolean;
    readonly json: boolean;
    readonly quiet: boolean;
  };
  /** Which options stood on the command line. */
  readonly given: ReadonlySet<string>;
}

/** What a record of an epoch holds beside the loss. */
export type MoreLosses = Readonly<Record<string, number>>;

/** A generator's run under way. */
export type GeneratorRun =
  & OpenRun<GeneratorRecipe, GeneratorName, MoreLosses>
  & TrainedGenerator;

/** What a run came to; the line of `--json`. */
export interface GeneratorResult {
  /** The task. */
  readonly task: string;
  /** The generator. */
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
  /** Training time with drawing, in seconds. */
  readonly seconds: number;
  /** The adapter's name. */
  readonly adapter: string;
  /** The run folder. */
  readonly run: string;
}

/**
 * Trains a generator, draws with it, and writes everything into a run folder.
 *
 * @returns The exit status: 0, or 130 when the run was stopped by a signal.
 * @throws {UsageError} For options that do not go together, or batches too large for the adapter.
 * @throws {DataError} When the data cannot be had or the run folder not be written.
 * @throws {CheckpointError} When the run to resume is damaged or does not fit.
 */
export async function trainGenerator<R extends GeneratorRecipe>(
  request: GeneratorRequest<R>,
): Promise<number> {
  const { options, task, model } = request;
  const progress = new Progress({ quiet: options.quiet });
  const device = await openDevice();
  announceAdapter(device, progress);
  const { recipe, build, fit } = request;
  const plan: RunPlan<R, GeneratorName, TrainedGenerator> = {
    task,
    model,
    recipe,
    build(model, shape, recipe) {
      requireRoom(device, model, shape, recipe.batchSize);
      return build(model, shape, recipe);
    },
    ...(fit && { fit }),
  };
  const run: GeneratorRun = options.resume === undefined
    ? await beginRun(plan, options, progress, device)
    : await resumeRun(plan, request, options.resume, progress, device);
  const showcase = new Showcase(run);
  try {
    if (options["show-forward"]) await showcase.drawForward();
    const hint = asTyped(`go on with: deno task ${task} --resume ${run.folder}`);
    const finished = await untilStopped(
      progress,
      hint,
      (signal) => train(run, { device, progress, showcase, signal, eager: options.eager }),
    );
    if (!finished) return INTERRUPTED;
    const result = resultOf(run);
    const { records } = run.state;
    await writeReport({ run, result, records, showcase });
    const summary = `loss ${result.train_loss.toFixed(4)} after ` +
      `${counted(result.epochs, "epoch")}, trained and drawn in ${formatSpan(result.seconds)}\n` +
      `see ${join(run.folder, "report.html")}`;
    if (options.json) progress.line(`\n${summary}`);
    console.log(options.json ? JSON.stringify(result) : `\n${summary}`);
    return 0;
  } finally {
    showcase.dispose();
    run.training.dispose();
  }
}

async function train(run: GeneratorRun, { device, progress, showcase, signal, eager }: {
  readonly device: Device;
  readonly progress: Progress;
  readonly showcase: Showcase;
  readonly signal: AbortSignal;
  readonly eager: boolean;
}): Promise<void> {
  const { training, train, state, optimizer, config: { recipe }, dataset: { maxValue } } = run;
  if (state.epoch === recipe.epochs) {
    await showcase.drawLast({ progress, signal });
    return;
  }
  const stepper = new FeedStepper({
    train,
    feed: { maxValue, range: training.range },
    recipe,
    taken: state.epoch * stepsPerEpoch(train.count, recipe.batchSize) + state.step,
    losses: training.losses.length,
    eager,
    follow: (clock, total) => training.follow(clock, total),
    step: (batch, clock) => training.step(batch, clock),
  });
  await trainEpochs<MoreLosses>({
    device,
    stepper,
    optimizer,
    recipe,
    state,
    progress,
    signal,
    async measure(losses) {
      await showcase.draw(state.epoch + 1, { progress, signal });
      return Object.fromEntries(training.losses.map((name, i) => [name, losses[i]!]).slice(1));
    },
    describe: (record) =>
      training.losses.slice(1).map((name) =>
        `${name.replaceAll("_", " ")} ${record[name]!.toFixed(4)}`
      )
        .join("  "),
    save: () => saveRun(run),
  });
}

/**
 * Saves the run so that it can be resumed. The kept model is that of the epoch with the least loss;
 * of a GAN, whose losses say little, that of the last.
 */
async function saveRun(run: GeneratorRun): Promise<void> {
  const { folder, state, network, info, config: { recipe }, training } = run;
  if (state.step === 0) {
    const losses = state.records.map((record) => record.train_loss);
    const isBest = training.losses.length > 1 || losses.at(-1) === Math.min(...losses);
    const about: GeneratorInfo = {
      ...info,
      ...(recipe.process && { process: recipe.process }),
      dropsLabels: (recipe.dropLabels ?? 0) > 0,
    };
    const weights = await withKeptWeights(run, () => network.stateDict());
    await saveGenerator(join(folder, LAST_FILE), weights, about);
    if (isBest) await saveGenerator(join(folder, MODEL_FILE), weights, about);
  }
  await saveState(folder, state, run);
  await writeMetrics(folder, state.records);
}

function resultOf({ config, state, folder, train }: GeneratorRun): GeneratorResult {
  return {
    task: config.task,
    model: config.model,
    dataset: config.dataset.name,
    parameters: config.parameters,
    epochs: state.epoch,
    steps: state.epoch * stepsPerEpoch(train.count, config.recipe.batchSize),
    seed: config.recipe.seed,
    train_loss: state.records.at(-1)!.train_loss,
    seconds: Number(state.seconds.toFixed(3)),
    adapter: config.adapter.name,
    run: folder,
  };
}
