/**
 * Run folders: `runs/<task>/<time>-<seed>/`, where a run leaves all that it made.
 *
 * @module
 */

import type { Dataset, DatasetName } from "../data/types.ts";
import { join } from "../deps.ts";
import type { AdapterInfo } from "../device.ts";
import { CheckpointError, DataError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import type { ModelName } from "../models/registry.ts";
import type { ImageShape } from "../models/shape.ts";
import { VERSION } from "../version.ts";
import type { Optimization, Recipe } from "./recipe.ts";
import type { EpochFigures } from "./state.ts";

/** What `config.json` says of the data. */
export interface DatasetConfig {
  /** The data set used. */
  readonly name: DatasetName;
  /** What `--dataset` asked for. */
  readonly requested: string;
  /** The folder that it came from, or `embedded`. */
  readonly source: string;
  /** `--data`: where a resumed run looks for it again. */
  readonly dir: string;
  /** sha256 of each file. */
  readonly sha256: Readonly<Record<string, string>>;
  /** First N training images, or `null` for all. */
  readonly subset: number | null;
  /** First N test images, or `null` for all. */
  readonly test_subset: number | null;
  /** Training images held out for validation. */
  readonly validation: number;
  /** Images trained on. */
  readonly train_images: number;
  /** Images tested on. */
  readonly test_images: number;
}

/** Describes a data set and which part of it is used. */
export function datasetConfig(
  dataset: Dataset,
  options: DataOptions,
  trainImages: number,
): DatasetConfig {
  return {
    name: dataset.name,
    requested: options.dataset,
    source: dataset.source,
    dir: options.data,
    sha256: dataset.sha256,
    subset: options.subset ?? null,
    test_subset: options["test-subset"] ?? null,
    validation: options.val ?? 0,
    train_images: trainImages,
    test_images: dataset.test.count,
  };
}

/** The options that choose the data. */
export interface DataOptions {
  /** `--dataset`. */
  readonly dataset: string;
  /** `--data`. */
  readonly data: string;
  /** `--subset`. @default all */
  readonly subset?: number | undefined;
  /** `--test-subset`. @default all */
  readonly "test-subset"?: number | undefined;
  /** `--val`. @default 0 */
  readonly val?: number;
}

/** The content of `config.json`: what was run, on what, with what. */
export interface RunConfig<R extends Optimization = Recipe, Name extends string = ModelName> {
  /** The task that made the run, such as `cnn`. */
  readonly task: string;
  /** The network. */
  readonly model: Name;
  /** Number of trained values. */
  readonly parameters: number;
  /** Size of the images, number of classes. */
  readonly shape: ImageShape;
  /** How it is trained. */
  readonly recipe: R;
  /** The data. */
  readonly dataset: DatasetConfig;
  /** The adapter at the start of the run; other adapters round differently. */
  readonly adapter: AdapterInfo;
  /** Versions of the project and what it runs on. */
  readonly versions: Readonly<Record<string, string>>;
  /** When the run began, in UTC. */
  readonly started: string;
}

/** The versions to record. */
export function versions(): Record<string, string> {
  return { inkling: VERSION, deno: Deno.version.deno, v8: Deno.version.v8, tfjs: "4.22.0" };
}

const CONFIG_FILE = "config.json";
const METRICS_FILE = "metrics.jsonl";

/**
 * Makes the folder of a new run, `<out>/<task>/<time>-<seed>`, where the time is UTC to the second;
 * a number is added when that name is taken.
 *
 * @throws {DataError} When the folder cannot be made.
 */
export async function createRunFolder(
  out: string,
  task: string,
  seed: number,
  now: Date = new Date(),
): Promise<string> {
  const parent = join(out, task);
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  try {
    await Deno.mkdir(parent, { recursive: true });
    for (let attempt = 1;; attempt++) {
      const folder = join(parent, `${time}-${seed}${attempt > 1 ? `.${attempt}` : ""}`);
      try {
        await Deno.mkdir(folder);
        return folder;
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    throw new DataError(
      `Cannot write the run to ${parent}: ${error.message}. Choose another folder with --out`,
    );
  }
}

/** Writes `config.json`. */
export async function writeConfig(folder: string, config: object): Promise<void> {
  await writeFileAtomic(join(folder, CONFIG_FILE), JSON.stringify(config, null, 2) + "\n");
}

/**
 * Reads the `config.json` of a run folder.
 *
 * @throws {CheckpointError} When the folder is not that of a run.
 */
export async function readConfig<R extends Optimization = Recipe, Name extends string = ModelName>(
  folder: string,
): Promise<RunConfig<R, Name>> {
  let text: string;
  try {
    text = await Deno.readTextFile(join(folder, CONFIG_FILE));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new CheckpointError(
      `Cannot resume: ${folder} is not a run folder, it has no ${CONFIG_FILE}`,
    );
  }
  let classical: string | undefined;
  try {
    const config: RunConfig<R, Name> = JSON.parse(text);
    if (config.recipe && config.dataset && config.shape) return config;
    if ("settings" in config) classical = config.task;
  } catch {
    // Falls through to the same error as a file that parses but is no configuration.
  }
  if (classical !== undefined) {
    throw new CheckpointError(
      `Cannot resume: ${folder} is a run of ${classical}, which is trained in one piece`,
    );
  }
  throw new CheckpointError(`Cannot resume: ${join(folder, CONFIG_FILE)} is damaged`);
}

/** Writes `metrics.jsonl`, one line for each finished epoch. */
export async function writeMetrics(
  folder: string,
  records: readonly EpochFigures[],
): Promise<void> {
  const text = records.map((record) => JSON.stringify(record) + "\n").join("");
  await writeFileAtomic(join(folder, METRICS_FILE), text);
}
