/** The life of a run of a classical classifier, from parsed options to a run folder. @module */

import { MAX_JOBS } from "../classical/spread.ts";
import { loadDataset } from "../data/load.ts";
import type { Dataset, ImageSet } from "../data/types.ts";
import { join } from "../deps.ts";
import { makeFolder, writeFileAtomic } from "../files.ts";
import type { Options, OptionValue } from "../cli/spec.ts";
import { grouped } from "../text.ts";
import { showFetch } from "./announce.ts";
import { writeArtifacts } from "./artifacts.ts";
import { MODEL_FILE } from "./checkpoint.ts";
import { type ClassicalName, deskewed } from "./classifier.ts";
import { accuracyOf, type Predictions } from "./evaluate.ts";
import { encodeInfo } from "./model_info.ts";
import { TRAINING_OPTIONS } from "./options.ts";
import { formatSpan, Progress } from "./progress.ts";
import { createRunFolder, datasetConfig, versions, writeConfig } from "./run_folder.ts";

const { data, out, subset, "test-subset": testSubset, seed, json, quiet } = TRAINING_OPTIONS;

/** The options of every classical task. */
export const CLASSICAL_OPTIONS = {
  dataset: {
    type: "string",
    choices: ["digits", "mnist", "fashion-mnist"],
    default: "digits",
    help: "Data set.",
  },
  data,
  out,
  subset,
  "test-subset": testSubset,
  deskew: {
    type: "boolean",
    help: "Straighten slanted images first, by their moments; the model remembers it.",
  },
  augment: {
    type: "string",
    choices: ["none", "shifts"],
    default: "none",
    help: "Learn from images moved by one pixel in each direction too.",
  },
  jobs: {
    type: "integer",
    min: 1,
    max: MAX_JOBS,
    help:
      "Worker threads; without it as many as there are cores. The result does not depend on it.",
  },
  json,
  quiet,
} as const satisfies Options;

export { seed as SEED_OPTION };

/** The values of {@link CLASSICAL_OPTIONS}. */
export type ClassicalOptions = {
  readonly [Name in keyof typeof CLASSICAL_OPTIONS]: OptionValue<(typeof CLASSICAL_OPTIONS)[Name]>;
};

/** A model, trained. */
export interface Fitted {
  /** What it says of images. */
  readonly predict: (images: Uint8Array) => Promise<Predictions>;
  /** It as a checkpoint, with this metadata. */
  readonly save: (metadata: Readonly<Record<string, string>>) => Uint8Array;
  /** What the percentages of its predictions are. @default probabilities */
  readonly certainty?: string;
  /** What the report and the console say of it. */
  readonly facts: readonly (readonly [string, string])[];
  /** The same for scripts: numbers of the line of `--json`. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** What a classical task asks for. */
export interface ClassicalRequest {
  /** The task, which is the name of the model too. */
  readonly task: ClassicalName;
  /** The parsed options. */
  readonly options: ClassicalOptions;
  /** What decides the model beside data, deskewing and shifts, for `config.json`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The seed; 0 where nothing is random. */
  readonly seed: number;
  /** Trains on `train`; `progress` is told how far it is. */
  readonly fit: (train: ImageSet, maxValue: number, progress: FitProgress) => Promise<Fitted>;
}

/** Everything that decides a model beside its data and seed, as it is in `config.json`. */
export function classicalSettings({ settings, options }: ClassicalRequest): object {
  return { ...settings, deskew: options.deskew, augment: options.augment };
}

/** Told how many parts of the work are done. */
export type FitProgress = (done: number, total: number) => void;

/** What a run came to; the line of `--json`. */
export interface ClassicalResult {
  /** The task. */
  readonly task: ClassicalName;
  /** The model, the same. */
  readonly model: ClassicalName;
  /** The data set. */
  readonly dataset: string;
  /** The seed. */
  readonly seed: number;
  /** Accuracy on the test images. */
  readonly test_accuracy: number;
  /** Test images. */
  readonly test_images: number;
  /** Training time, in seconds. */
  readonly seconds: number;
  /** Time to classify the test images, in seconds. */
  readonly predict_seconds: number;
  /** The run folder. */
  readonly run: string;
  /** Sizes of the model. */
  readonly [number: string]: string | number;
}

/**
 * Trains, tests and writes everything into a run folder, and prints what came out.
 *
 * @throws As {@link classicalRun}.
 */
export async function classicalTask(request: ClassicalRequest): Promise<void> {
  const { options } = request;
  const progress = new Progress({ quiet: options.quiet });
  const { result, summary } = await classicalRun(request, progress);
  if (options.json) progress.line(`\n${summary}`);
  console.log(options.json ? JSON.stringify(result) : `\n${summary}`);
}

/**
 * Trains, tests and writes everything into a run folder.
 *
 * @throws {UsageError} For options that are out of range.
 * @throws {DataError} When the data cannot be had or learnt from, or the run folder not be written.
 */
export async function classicalRun(
  request: ClassicalRequest,
  progress: Progress,
): Promise<{ readonly result: ClassicalResult; readonly summary: string }> {
  const { options, task, seed } = request;
  // Before the work, which would be lost; the run's own folder only after it, or it might stay empty.
  await makeFolder(join(options.out, task), "the run");
  const loaded = await loadDataset({
    dataset: options.dataset,
    dir: options.data,
    subset: options.subset,
    testSubset: options["test-subset"],
    onProgress: showFetch(progress),
    notice: (line) => progress.warn(line),
  });
  const shown = options.deskew ? deskewDataset(loaded) : loaded;
  progress.line(
    `data ${loaded.name} (${loaded.source}): ${grouped(loaded.train.count)} to train on, ` +
      `${grouped(loaded.test.count)} to test on${options.deskew ? ", deskewed" : ""}`,
  );

  const started = new Date();
  const from = performance.now();
  const fitted = await request.fit(
    shown.train,
    loaded.maxValue,
    (done, total) => progress.transient(`training: ${done} of ${total} parts`),
  );
  const seconds = (performance.now() - from) / 1000;
  progress.clear();
  const predictions = await fitted.predict(shown.test.images);
  const predictSeconds = (performance.now() - from) / 1000 - seconds;

  const folder = await createRunFolder(options.out, task, seed);
  const config = {
    task,
    model: task,
    settings: classicalSettings(request),
    seed,
    dataset: datasetConfig(loaded, options, loaded.train.count),
    versions: versions(),
    started: started.toISOString(),
  };
  const { height, width } = loaded.train;
  const info = {
    model: task,
    shape: { height, width, channels: 1, classes: loaded.classNames.length },
    dataset: loaded.name,
    maxValue: loaded.maxValue,
    classNames: loaded.classNames,
  };
  const metadata = { ...encodeInfo(info), deskew: String(options.deskew) };
  await writeFileAtomic(join(folder, MODEL_FILE), fitted.save(metadata));
  await writeConfig(folder, config);
  const result: ClassicalResult = {
    task,
    model: task,
    dataset: loaded.name,
    seed,
    ...fitted.numbers,
    test_accuracy: accuracyOf(predictions.classes, loaded.test.labels),
    test_images: loaded.test.count,
    seconds: Number(seconds.toFixed(3)),
    predict_seconds: Number(predictSeconds.toFixed(3)),
    run: folder,
  };
  const { report, counts, verdict } = await writeArtifacts({
    folder,
    config,
    result,
    records: [],
    facts: [
      ...fitted.facts,
      ["Training time", formatSpan(seconds)],
      ["Test time", formatSpan(predictSeconds)],
    ],
    started: config.started,
    dataset: loaded,
    predictions,
    ...(fitted.certainty !== undefined && { certainty: fitted.certainty }),
  });
  const sizes = fitted.facts.map(([name, value]) => `${name}: ${value}`).join(", ");
  const more = options.json || options.quiet ? "" : `${counts}\n\n${sizes}\n`;
  return { result, summary: `${report}\n${more}\n${verdict}` };
}

function deskewDataset(dataset: Dataset): Dataset {
  return { ...dataset, train: deskewed(dataset.train), test: deskewed(dataset.test) };
}
