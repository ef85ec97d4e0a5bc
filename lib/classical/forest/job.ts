/** The trees of a forest as work that can be spread over workers. @module */

import { Random } from "../../random.ts";
import { below } from "./feature_draw.ts";
import type { Samples } from "./samples.ts";
import { growTree, type Tree, type TreeRule } from "./tree.ts";

/** What is needed to grow any tree of a forest. */
export interface ForestJob {
  /** What the trees grow on. */
  readonly samples: Samples;
  /** How they grow. */
  readonly rule: TreeRule;
  /** Whether each grows on as many samples as there are, drawn with replacement, or on all. */
  readonly bootstrap: boolean;
  /** The forest's seed. */
  readonly seed: number;
}

/**
 * Grows one tree of a forest. Its random numbers have a stream of their own, so that it is the same
 * whichever worker grows it, and when.
 *
 * @param number Which tree, from 0.
 */
export function growNumbered({ samples, rule, bootstrap, seed }: ForestJob, number: number): Tree {
  const random = new Random(seed, "tree", number);
  const weights = bootstrap
    ? bootstrapWeights(samples.count, random)
    : new Uint16Array(samples.count).fill(1);
  return growTree(samples, weights, rule, random);
}

/** How often each of `n` samples comes up in `n` draws with replacement. */
function bootstrapWeights(n: number, random: Random): Uint16Array {
  const weights = new Uint16Array(n);
  for (let i = 0; i < n; i++) weights[below(random, n)]!++;
  return weights;
}
