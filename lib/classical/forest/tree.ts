/**
 * One decision tree, grown as in *Classification and Regression Trees* (Breiman, Friedman, Olshen,
 * Stone, 1984) with the features of each node drawn at random (Breiman: *Random forests*, Machine
 * Learning 45, 2001).
 *
 * @module
 */

import type { Random } from "../../random.ts";
import { CLASSES } from "../labels.ts";
import { FeatureDraw } from "./feature_draw.ts";
import { NodeSamples } from "./node_samples.ts";
import type { Samples } from "./samples.ts";
import { ThresholdSearch } from "./threshold_search.ts";

/** How a tree grows, with nothing left open; see `ForestOptions`. */
export interface TreeRule {
  /** How many features each node looks at. */
  readonly maxFeatures: number;
  /** How many splits a sample meets at most; may be infinite. */
  readonly maxDepth: number;
  /** How many samples each leaf has at least. */
  readonly minSamplesLeaf: number;
  /** Whether thresholds are drawn, not searched for. */
  readonly extraTrees: boolean;
}

/** A tree, each node before those below it and its left part before its right part. */
export interface Tree {
  /**
   * For each node with a split `feature << 8 | threshold`: images whose pixel `feature` is at most
   * `threshold` go left. For each leaf `-1 - row`, of which rows 0 to 9 stand for certainty of that
   * class, and row `10 + i` for row `i` of {@link Tree.leaves}.
   */
  readonly nodes: Int32Array<ArrayBuffer>;
  /** The part of each class in the leaves that are not pure, shape `(leaves, 10)`. */
  readonly leaves: Float32Array<ArrayBuffer>;
  /**
   * For each feature the summed decrease of the Gini impurity, each split counting by its weight,
   * as a part of the whole: adds up to 1, or to 0 without a split.
   */
  readonly importances: Float64Array<ArrayBuffer>;
}

/** A node that is still to be grown. */
interface Pending {
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly constants: number;
}

/**
 * Grows a tree. It depends on its arguments alone, so that it is the same whichever worker grows it.
 *
 * @param weights How often each sample counts, integers, shape `(n)`; those with 0 are left out.
 * @param random The stream of this tree.
 */
export function growTree(
  samples: Samples,
  weights: ArrayLike<number>,
  rule: TreeRule,
  random: Random,
): Tree {
  const node = new NodeSamples(samples, weights);
  const draw = new FeatureDraw(samples.features, rule.maxFeatures, random);
  const search = new ThresholdSearch(node, rule.minSamplesLeaf);
  const nodes: number[] = [];
  const leaves: number[] = [];
  const importances = new Float64Array(samples.features);

  const pending: Pending[] = [{ start: 0, end: node.rows.length, depth: 0, constants: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { start, end, depth, constants } = next;
    node.enter(start, end);
    draw.begin(constants);
    const mayGrow = depth < rule.maxDepth && end - start >= 2 * rule.minSamplesLeaf;
    const split = node.onlyClass < 0 && mayGrow
      ? chooseSplit(draw, search, rule, random)
      : undefined;
    if (split === undefined) {
      nodes.push(-1 - leafRow(node, leaves));
      continue;
    }
    const { feature, threshold, score } = split;
    nodes.push(feature << 8 | threshold);
    importances[feature]! += score - node.squares / node.weight;
    const middle = node.partition(feature, threshold);
    const child = { depth: depth + 1, constants: draw.constants };
    pending.push({ start: middle, end, ...child }, { start, end: middle, ...child });
  }
  toParts(importances);
  return { nodes: Int32Array.from(nodes), leaves: Float32Array.from(leaves), importances };
}

/** A split with its score; see threshold_search.ts. */
interface Split {
  feature: number;
  threshold: number;
  score: number;
}

/** The best split among the features drawn; the first of equally good ones. */
function chooseSplit(
  draw: FeatureDraw,
  search: ThresholdSearch,
  { extraTrees }: TreeRule,
  random: Random,
): Split | undefined {
  let feature = -1;
  let threshold = 0;
  let score = -1;
  for (let drawn = draw.next(); drawn >= 0; drawn = draw.next()) {
    const varies = extraTrees ? search.random(drawn, random) : search.best(drawn);
    if (!varies) draw.foundConstant();
    else if (search.score > score) {
      feature = drawn;
      ({ threshold, score } = search);
    }
  }
  return feature < 0 ? undefined : { feature, threshold, score };
}

/** The row of a leaf's distribution, added to `leaves` unless the leaf is pure. */
function leafRow({ onlyClass, classWeights, weight }: NodeSamples, leaves: number[]): number {
  if (onlyClass >= 0) return onlyClass;
  for (let c = 0; c < CLASSES; c++) leaves.push(classWeights[c]! / weight);
  return leaves.length / CLASSES + CLASSES - 1;
}

/** Divides by the sum, unless that is 0. */
export function toParts(values: Float64Array): void {
  let sum = 0;
  for (const value of values) sum += value;
  if (sum > 0) { for (let i = 0; i < values.length; i++) values[i]! /= sum; }
}
