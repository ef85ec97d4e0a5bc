/**
 * Loads a data set from its folder, from a mirror, or from what ships with the project.
 *
 * @module
 */

import { join } from "../deps.ts";
import { DataError } from "../errors.ts";
import { type DataFile, FETCHED, type FetchedEntry, type FetchedName } from "./catalog.ts";
import { digits } from "./digits.ts";
import {
  fetchDataset,
  type FetchProgress,
  HASTY,
  missingData,
  missingFiles,
  PATIENT,
} from "./fetch.ts";
import type { Patience } from "./download.ts";
import { type LocalFile, readLocalFile } from "./local_file.ts";
import { MissingDataError } from "./missing.ts";
import { mirrorsOf, placeOf } from "./place.ts";
import { takeFirst } from "./split.ts";
import type { Dataset, DatasetName, ImageSet } from "./types.ts";

/** What to load, and how. */
export interface LoadOptions {
  /**
   * Which data set; `"auto"` is MNIST when it is there or can be fetched, and the embedded digits
   * otherwise, but for a server that was named: its MNIST is wanted.
   */
  readonly dataset: "auto" | DatasetName;
  /**
   * The folder that holds one folder for each data set; or the address of a server that has one, by
   * http or https: what is missing in `data` is then fetched from there and nowhere else.
   */
  readonly dir: string;
  /** Keep this many training images, the first. @default all */
  readonly subset?: number | undefined;
  /** Keep this many test images, the first. @default all */
  readonly testSubset?: number | undefined;
  /** Whether missing files may be fetched. @default true */
  readonly allowFetch?: boolean | undefined;
  /** Addresses to fetch from instead of the published mirrors. */
  readonly mirrors?: readonly string[] | undefined;
  /** Told how far a fetch has come. */
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  /** Told, in one line, when `"auto"` had to fall back on the embedded digits, and why. */
  readonly notice?: ((line: string) => void) | undefined;
}

/**
 * Loads a data set.
 *
 * @throws {MissingDataError} When the data set or its server was named and it cannot be had.
 * @throws {DataError} When its files are damaged or do not fit together, also with `"auto"`, or
 * when a subset is larger than the set.
 */
export async function loadDataset(options: LoadOptions): Promise<Dataset> {
  const whole = await obtain(options);
  const { subset, testSubset } = options;
  return {
    ...whole,
    train: subset === undefined
      ? whole.train
      : takeFirst(whole.train, subset, `training images of ${whole.name}`),
    test: testSubset === undefined
      ? whole.test
      : takeFirst(whole.test, testSubset, `test images of ${whole.name}`),
  };
}

async function obtain(options: LoadOptions): Promise<Dataset> {
  if (options.dataset === "digits") return await digits();
  if (options.dataset !== "auto") return await readOrFetch(options.dataset, options, PATIENT);
  try {
    return await readOrFetch("mnist", options, HASTY);
  } catch (error) {
    if (!(error instanceof MissingDataError) || placeOf(options.dir).server !== undefined) {
      throw error;
    }
    options.notice?.(
      `Using the embedded 8x8 digits: MNIST is not in ${join(options.dir, "mnist")}, and ` +
        `${error.reason}.`,
    );
    return await digits();
  }
}

async function readOrFetch(
  name: FetchedName,
  { dir: data, allowFetch = true, mirrors: given, onProgress }: LoadOptions,
  patience: Patience,
): Promise<Dataset> {
  const place = placeOf(data);
  const { dir } = place;
  const mirrors = given ?? mirrorsOf(place, name);
  const folder = join(dir, name);
  const entry = FETCHED[name];
  const { state } = await Deno.permissions.query({ name: "read", path: folder });
  if (state !== "granted") {
    const reason = `there is no permission to read ${folder} (--allow-read)`;
    throw missingData(name, Object.values(entry.files), folder, entry.mirrors, reason);
  }
  const missing = await missingFiles(entry, folder);
  if (missing.length > 0) {
    if (!allowFetch) {
      const reason = "fetching is switched off";
      throw missingData(name, missing, folder, entry.mirrors, reason);
    }
    await fetchDataset(name, dir, { mirrors, patience, onProgress });
  }
  return await readFolder(name, entry, folder);
}

/** Reads the four files of a folder that has them. */
async function readFolder(
  name: FetchedName,
  entry: FetchedEntry,
  folder: string,
): Promise<Dataset> {
  const { trainImages, trainLabels, testImages, testLabels } = entry.files;
  const sha256: Record<string, string> = {};
  const train = await readPair(trainImages, trainLabels, folder, entry, sha256);
  const test = await readPair(testImages, testLabels, folder, entry, sha256);
  if (train.height !== test.height || train.width !== test.width) {
    throw new DataError(
      `Cannot use ${folder}: training and test images have one size, got ` +
        `${train.height}x${train.width} and ${test.height}x${test.width}. ` +
        "Bring undamaged copies of the files.",
    );
  }
  const { classNames, maxValue } = entry;
  return { name, train, test, maxValue, classNames, sha256, source: folder };
}

async function readPair(
  imageFile: DataFile,
  labelFile: DataFile,
  folder: string,
  { classNames }: FetchedEntry,
  sha256: Record<string, string>,
): Promise<ImageSet> {
  const images = await readArray(imageFile, 3, folder, sha256);
  const labels = await readArray(labelFile, 1, folder, sha256);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (labels.data.length !== count) {
    throw new DataError(
      `Cannot use ${labels.path}: ${images.path} has ${count} images and needs as many labels, ` +
        `got ${labels.data.length}. Bring undamaged copies of both.`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= classNames.length);
  if (wrong >= 0) {
    throw new DataError(
      `Cannot use ${labels.path}: labels are 0 to ${classNames.length - 1}, got ` +
        `${labels.data[wrong]} at ${wrong}. Bring an undamaged copy.`,
    );
  }
  return { images: images.data, labels: labels.data, count, height, width };
}

async function readArray(
  file: DataFile,
  dimensions: 1 | 3,
  folder: string,
  sha256: Record<string, string>,
): Promise<LocalFile> {
  const local = await readLocalFile(file, dimensions, folder);
  if (local === undefined) {
    throw new MissingDataError(`${join(folder, file.name)} was removed while it was needed`);
  }
  sha256[local.name] = local.sha256;
  return local;
}
