/** The options of the support vector machine, with the names and defaults of scikit-learn. @module */

import type { ImageSet } from "../../data/types.ts";
import { DataError, UsageError } from "../../errors.ts";
import { checkLabels } from "../labels.ts";
import { jobPerCore, MAX_JOBS } from "../spread.ts";
import { type KernelName, type KernelParameters, KERNELS } from "./kernel.ts";
import { MAX_FEATURES } from "./packed.ts";

/** The highest degree of a polynomial. */
export const MAX_DEGREE = 1000;

/** How the work is spread. */
export interface WorkOptions {
  /**
   * How many workers to use, at most {@link MAX_JOBS}; 1 does the work in this thread. Results do not
   * depend on it.
   *
   * @default one for each core, or 1 for work that takes less time than to start workers
   */
  readonly jobs?: number | undefined;
  /** Called when a part of the work is done, with how many are, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** How to train; names and defaults are those of `sklearn.svm.SVC`. */
export interface SVCOptions extends WorkOptions {
  /** What an error costs; above 0. @default 1 */
  readonly C?: number | undefined;
  /**
   * `"rbf"`: `exp(−gamma ‖x − y‖²)`; `"linear"`: `x·y`; `"poly"`: `(gamma x·y + coef0)^degree`.
   *
   * @default "rbf"
   */
  readonly kernel?: KernelName | undefined;
  /** Above 0, or `"scale"`: `1 / (features · var(X))`. @default "scale" */
  readonly gamma?: number | "scale" | undefined;
  /** The constant of the polynomial. @default 0 */
  readonly coef0?: number | undefined;
  /** The degree of the polynomial, an integer from 1 to {@link MAX_DEGREE}. @default 3 */
  readonly degree?: number | undefined;
  /** How far the conditions of the optimum may be violated; above 0. @default 1e-3 */
  readonly tol?: number | undefined;
  /**
   * What a pixel is multiplied by to be a feature, such as 1/255 for bytes to reach from 0 to 1;
   * above 0. With `gamma: "scale"` the RBF kernel does not depend on it.
   *
   * @default 1
   */
  readonly scale?: number | undefined;
  /** How many MB of kernel rows each worker keeps; above 0. @default 200 */
  readonly cacheSize?: number | undefined;
}

/** Training options, all of them given and checked. */
export interface ResolvedOptions {
  /** See {@link SVCOptions}; gamma is a number. */
  readonly parameters: KernelParameters;
  /** See {@link SVCOptions}. */
  readonly C: number;
  /** See {@link SVCOptions}. */
  readonly tol: number;
  /** See {@link SVCOptions}. */
  readonly cacheSize: number;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {UsageError} When one is out of range.
 * @throws {DataError} When gamma is to follow from images that are all of one value.
 */
export function resolveOptions(options: SVCOptions, set: ImageSet): ResolvedOptions {
  const { C = 1, kernel = "rbf", gamma = "scale", coef0 = 0, degree = 3 } = options;
  const { tol = 1e-3, scale = 1, cacheSize = 200 } = options;
  if (!KERNELS.includes(kernel)) refuse("kernel", `one of ${KERNELS.join(", ")}`, kernel);
  for (const [name, value] of Object.entries({ C, tol, scale, cacheSize })) {
    if (!isPositive(value)) refuse(name, "a number above 0", value);
  }
  if (!Number.isFinite(coef0)) refuse("coef0", "a finite number", coef0);
  if (!Number.isInteger(degree) || degree < 1 || degree > MAX_DEGREE) {
    refuse("degree", `an integer from 1 to ${MAX_DEGREE}`, degree);
  }
  if (gamma !== "scale" && !isPositive(gamma)) {
    refuse("gamma", 'a number above 0 or "scale"', gamma);
  }
  const slope = gamma === "scale" ? gammaScale(set, scale) : gamma;
  return { parameters: { kernel, gamma: slope, coef0, degree, scale }, C, tol, cacheSize };
}

/** Multiplications of bytes that take as long as a worker takes to start, a tenth of a second. */
const WORTH_WORKERS = 2e9;

/**
 * How many workers to use.
 *
 * @param multiplications How many the work takes, roughly.
 * @throws {UsageError} When the number is no integer from 1 to {@link MAX_JOBS}.
 */
export function resolveJobs({ jobs }: WorkOptions, multiplications: number): number {
  if (jobs === undefined) {
    return multiplications < WORTH_WORKERS ? 1 : jobPerCore();
  }
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > MAX_JOBS) {
    refuse("jobs", `an integer from 1 to ${MAX_JOBS}`, jobs);
  }
  return jobs;
}

/**
 * Checks that images can be trained on.
 *
 * @throws {DataError} When there are none, they have no or too many pixels, or the arrays are not
 * bytes of the stated sizes, or a label is not one of `0..9`.
 */
export function checkImages({ images, labels, count, height, width }: ImageSet): void {
  const pixels = height * width;
  const cannot = "Cannot train a support vector machine:";
  if (!(count > 0)) throw new DataError(`${cannot} it learns from images, got ${count} of them.`);
  if (!Number.isInteger(pixels) || pixels < 1 || pixels > MAX_FEATURES) {
    throw new DataError(
      `${cannot} an image has 1 to ${MAX_FEATURES} pixels, got ${height}x${width}.`,
    );
  }
  // Other arrays would be cut down to bytes, NaN to 0, without a word.
  if (!(images instanceof Uint8Array && labels instanceof Uint8Array)) {
    throw new DataError(
      `${cannot} pixels and labels are bytes in Uint8Arrays, got ${images.constructor.name} and ` +
        `${(labels as Uint8Array).constructor.name}. Scale the pixels to whole numbers up to 255.`,
    );
  }
  if (images.length !== count * pixels || labels.length !== count) {
    throw new DataError(
      `${cannot} ${count} images of ${height}x${width} have ${count * pixels} pixels and ` +
        `${count} labels, got ${images.length} and ${labels.length}.`,
    );
  }
  checkLabels(labels, "train a support vector machine");
}

/** scikit-learn's `"scale"`, with the population variance over all pixels of all images. */
function gammaScale({ images, count, height, width }: ImageSet, scale: number): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < images.length; i++) {
    const value = images[i]!;
    sum += value;
    squares += value * value;
  }
  const n = images.length;
  const variance = (squares - sum * (sum / n)) / n * scale ** 2;
  if (!(variance > 0)) {
    throw new DataError(
      `Cannot derive gamma from the images: their variance must not be 0, but the pixels of all ` +
        `${count} images of ${height}x${width} have one value, got ${images[0]}. ` +
        "Give a number for gamma, or other images.",
    );
  }
  return 1 / (height * width * variance);
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value < Infinity;
}

function refuse(name: string, rule: string, value: unknown): never {
  throw new UsageError(
    `Cannot use a support vector machine: ${name} is ${rule}, got ${value}. Change the option.`,
  );
}
