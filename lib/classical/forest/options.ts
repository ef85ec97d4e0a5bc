/** The options of the forest, with the defaults of scikit-learn. @module */

import { UsageError } from "../../errors.ts";
import { jobPerCore, MAX_JOBS } from "../spread.ts";
import type { Samples } from "./samples.ts";
import type { TreeRule } from "./tree.ts";

/**
 * The most trees of a forest. A thousand are hardly better than a hundred; a billion would take the
 * memory of the machine.
 */
export const MAX_TREES = 10_000;

/** How many features a node looks at; see {@link ForestOptions.maxFeatures}. */
export type MaxFeatures = "sqrt" | "log2" | "all" | number;

/** How to grow a forest. */
export interface ForestOptions {
  /** How many trees, an integer from 1 to {@link MAX_TREES}. @default 100 */
  readonly trees?: number | undefined;
  /**
   * How many of the `d` pixels each node looks at: `"sqrt"`, `"log2"` or `"all"` of them, an integer
   * from 1 to `d`, or a part between 0 and 1; rounded down, but at least 1.
   *
   * @default "sqrt"
   */
  readonly maxFeatures?: MaxFeatures | undefined;
  /** How many splits an image meets at most, at least 1. @default Infinity */
  readonly maxDepth?: number | undefined;
  /** How many different images of the training set each leaf has at least. @default 1 */
  readonly minSamplesLeaf?: number | undefined;
  /**
   * Whether thresholds are drawn at random and the best drawn one is taken, as in extremely
   * randomized trees (Geurts, Ernst, Wehenkel, 2006), instead of the best there is.
   *
   * @default false
   */
  readonly extraTrees?: boolean | undefined;
  /**
   * Whether each tree grows on as many images as there are, drawn with replacement, or on all.
   *
   * @default true, with extraTrees false
   */
  readonly bootstrap?: boolean | undefined;
  /** Names the random numbers, an integer from 0 to 2^53 - 1. @default 0 */
  readonly seed?: number | undefined;
  /**
   * How many workers to use, at most {@link MAX_JOBS}; 1 does the work in this thread. The forest does
   * not depend on it.
   *
   * @default one for each core, or 1 for work that takes less time than to start workers
   */
  readonly jobs?: number | undefined;
  /** Called when a tree is done, with how many are, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Options, all of them given and checked. */
export interface ResolvedOptions {
  /** See {@link ForestOptions}. */
  readonly trees: number;
  /** See {@link ForestOptions}. */
  readonly seed: number;
  /** See {@link ForestOptions}. */
  readonly jobs: number;
  /** See {@link ForestOptions}. */
  readonly bootstrap: boolean;
  /** How each tree grows. */
  readonly rule: TreeRule;
}

/** Looks at a feature of a sample that take as long as to start workers: some tenths of a second. */
const WORTH_WORKERS = 3e6;

/**
 * Checks options and fills in the defaults.
 *
 * @param size The size of the training set.
 * @throws {UsageError} When one is out of range.
 */
export function resolveOptions(
  options: ForestOptions,
  { count, features }: Pick<Samples, "count" | "features">,
): ResolvedOptions {
  const { trees = 100, maxDepth = Infinity, minSamplesLeaf = 1, seed = 0 } = options;
  const { extraTrees = false, bootstrap = !extraTrees } = options;
  checkCount("trees", trees, MAX_TREES);
  if (!isCount(minSamplesLeaf)) refuse("minSamplesLeaf", "an integer from 1", minSamplesLeaf);
  if (maxDepth !== Infinity && !isCount(maxDepth)) {
    refuse("maxDepth", "an integer from 1, or Infinity", maxDepth);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    refuse("seed", "an integer from 0 to 2^53 - 1", seed);
  }
  const maxFeatures = resolveMaxFeatures(options.maxFeatures ?? "sqrt", features);
  const worth = count * trees * maxFeatures >= WORTH_WORKERS;
  const jobs = options.jobs ?? (worth ? jobPerCore() : 1);
  checkCount("jobs", jobs, MAX_JOBS);
  const rule = { maxFeatures, maxDepth, minSamplesLeaf, extraTrees };
  return { trees, seed, jobs, bootstrap, rule };
}

function resolveMaxFeatures(value: MaxFeatures, features: number): number {
  if (value === "all") return features;
  if (value === "sqrt") return Math.max(1, Math.floor(Math.sqrt(features)));
  if (value === "log2") return Math.max(1, Math.floor(Math.log2(features)));
  if (isCount(value) && value <= features) return value;
  if (value > 0 && value < 1) return Math.max(1, Math.floor(value * features));
  return refuse(
    "maxFeatures",
    `sqrt, log2, all, an integer from 1 to ${features}, or a part between 0 and 1`,
    value,
  );
}

function checkCount(name: string, value: number, most: number): void {
  if (!isCount(value) || value > most) refuse(name, `an integer from 1 to ${most}`, value);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function refuse(name: string, rule: string, value: unknown): never {
  throw new UsageError(
    `Cannot grow a forest: ${name} is ${rule}, got ${value}. Change the option.`,
  );
}
