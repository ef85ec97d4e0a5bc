/**
 * Where to cut one feature in one node.
 *
 * A cut is good when its sides are pure. With `w` the weight of a side and `s` the sum of the
 * squared weights of its classes, a side's Gini impurity is `1 - s / w²`, and the impurity of both
 * sides, each counted by its weight, is least where
 *
 * ```text
 * score = s_left / w_left + s_right / w_right
 * ```
 *
 * is greatest (Breiman, Friedman, Olshen, Stone: *Classification and Regression Trees*, 1984). The
 * weights are integers, so `s` and `w` have no rounding.
 *
 * Most pixels of most images are 0. So the samples with 0 are not sorted but are what remains: the
 * search runs from the highest value down and counts what comes to lie on the right.
 *
 * @module
 */

import type { Random } from "../../random.ts";
import { CLASSES } from "../labels.ts";
import { below } from "./feature_draw.ts";
import { type NodeSamples, TAG_CLASS, TAG_WEIGHT } from "./node_samples.ts";

/** The bits below a value in a key: those of a tag. */
const VALUE = 16;
/** From this many samples on, a node counts by value and class instead of sorting. */
const COUNT_FROM = 4096;
/** Up to this many values, insertion sort is faster than counting sort. */
const INSERT_TO = 32;
/** Room for the classes of one value in the table of counts, and for the number of samples. */
const CELLS = 16;
/** Where in that room the number of samples is. */
const SAMPLES = CLASSES;

/** Searches the features of the node that its samples stand at. */
export class ThresholdSearch {
  /** Samples with at most this value go left. */
  threshold = 0;
  /** The score of the threshold, or -1 when none leaves enough samples on both sides. */
  score = -1;

  readonly #samples: NodeSamples;
  readonly #minSamplesLeaf: number;
  /**
   * `value << VALUE | tag` of the samples with values above 0, from place 1 on. Place 0 has a key
   * that is not above any other.
   */
  readonly #keys: Int32Array;
  readonly #sorted: Int32Array;
  readonly #starts = new Int32Array(256);
  /** Weights by value and class, and the number of samples by value. */
  readonly #table = new Int32Array(256 * CELLS);
  readonly #right = new Float64Array(CLASSES);

  /**
   * @param samples Where the nodes are entered.
   * @param minSamplesLeaf How many samples each side must have.
   */
  constructor(samples: NodeSamples, minSamplesLeaf: number) {
    this.#samples = samples;
    this.#minSamplesLeaf = minSamplesLeaf;
    this.#keys = new Int32Array(samples.rows.length + 1);
    this.#sorted = new Int32Array(COUNT_FROM + 1);
  }

  /**
   * Finds the threshold of the greatest score: halfway between two neighbouring values, rounded
   * down, and the lowest of equally good ones.
   *
   * @returns Whether the feature has more than one value.
   */
  best(feature: number): boolean {
    const { start, end } = this.#samples;
    this.score = -1;
    if (end - start >= COUNT_FROM) return this.#bestOfMany(feature);
    const found = this.#gather(feature);
    if (!this.#varies(found)) return false;
    this.#scan(this.#sort(found), found);
    return true;
  }

  /**
   * Draws a threshold evenly from the feature's range, as in extremely randomized trees (Geurts,
   * Ernst, Wehenkel: *Extremely randomized trees*, Machine Learning 63, 2006).
   *
   * @returns Whether the feature has more than one value.
   */
  random(feature: number, random: Random): boolean {
    const found = this.#gather(feature);
    if (!this.#varies(found)) return false;
    const { start, end, classWeights } = this.#samples;
    const keys = this.#keys;
    let low = found < end - start ? 0 : 255;
    let high = 0;
    for (let k = 1; k <= found; k++) {
      const value = keys[k]! >> VALUE;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const threshold = low + below(random, high - low);

    const right = this.#right.fill(0);
    const first = (threshold + 1) << VALUE;
    let count = 0;
    for (let k = 1; k <= found; k++) {
      const key = keys[k]!;
      if (key < first) continue;
      right[key & TAG_CLASS]! += (key & 0xffff) >> TAG_WEIGHT;
      count++;
    }
    this.threshold = threshold;
    this.score = -1;
    const least = this.#minSamplesLeaf;
    if (count < least || end - start - count < least) return true;
    let rightWeight = 0;
    let rightSquares = 0;
    let leftSquares = 0;
    for (let c = 0; c < CLASSES; c++) {
      const weight = right[c]!;
      rightWeight += weight;
      rightSquares += weight * weight;
      leftSquares += (classWeights[c]! - weight) ** 2;
    }
    this.score = leftSquares / (this.#samples.weight - rightWeight) + rightSquares / rightWeight;
    return true;
  }

  /** Collects the keys of the values above 0; returns how many there are. */
  #gather(feature: number): number {
    const { start, end, rows, tags, pixels, rowStride, featureStride } = this.#samples;
    const keys = this.#keys;
    const offset = feature * featureStride;
    let next = 1;
    for (let k = start; k < end; k++) {
      const value = pixels[rows[k]! * rowStride + offset]!;
      keys[next] = value << VALUE | tags[k]!;
      // One on for values above 0, without a branch that the processor could not foresee.
      next += (value + 255) >> 8;
    }
    return next - 1;
  }

  /** Whether the gathered samples, with those at 0, have more than one value; sets place 0. */
  #varies(found: number): boolean {
    const { start, end } = this.#samples;
    const keys = this.#keys;
    keys[0] = 0;
    if (found === 0) return false;
    if (found < end - start) return true;
    const first = keys[1]! >> VALUE;
    let lowest = first;
    let varies = false;
    for (let k = 2; k <= found; k++) {
      const value = keys[k]! >> VALUE;
      if (value !== first) varies = true;
      if (value < lowest) lowest = value;
    }
    keys[0] = lowest << VALUE;
    return varies;
  }

  /** The keys by value, upwards; place 0 stays. */
  #sort(found: number): Int32Array {
    return found <= INSERT_TO ? this.#insertionSort(found) : this.#countingSort(found);
  }

  #insertionSort(found: number): Int32Array {
    const keys = this.#keys;
    for (let k = 2; k <= found; k++) {
      const key = keys[k]!;
      let place = k - 1;
      // Place 0 ends the search.
      while (keys[place]! > key) {
        keys[place + 1] = keys[place]!;
        place--;
      }
      keys[place + 1] = key;
    }
    return keys;
  }

  #countingSort(found: number): Int32Array {
    const keys = this.#keys;
    const sorted = this.#sorted;
    const starts = this.#starts.fill(0);
    for (let k = 1; k <= found; k++) starts[keys[k]! >> VALUE]!++;
    let next = 1;
    for (let value = 1; value < 256; value++) {
      const count = starts[value]!;
      starts[value] = next;
      next += count;
    }
    sorted[0] = keys[0]!;
    for (let k = 1; k <= found; k++) sorted[starts[keys[k]! >> VALUE]!++] = keys[k]!;
    return sorted;
  }

  /** Tries each boundary between different values of the sorted keys. */
  #scan(keys: Int32Array, found: number): void {
    const { start, end, classWeights, weight, squares } = this.#samples;
    const least = this.#minSamplesLeaf;
    const right = this.#right.fill(0);
    let rightWeight = 0;
    let rightSquares = 0;
    let leftSquares = squares;
    let best = -1;
    let threshold = 0;
    for (let k = found; k > 0; k--) {
      const key = keys[k]!;
      const c = key & TAG_CLASS;
      const w = (key & 0xffff) >> TAG_WEIGHT;
      const r = right[c]!;
      rightWeight += w;
      rightSquares += w * (2 * r + w);
      leftSquares -= w * (2 * (classWeights[c]! - r) - w);
      right[c] = r + w;
      const value = key >> VALUE;
      const lower = keys[k - 1]! >> VALUE;
      if (value === lower) continue;
      const count = found - k + 1;
      if (count < least || end - start - count < least) continue;
      const score = leftSquares / (weight - rightWeight) + rightSquares / rightWeight;
      if (score >= best) {
        best = score;
        threshold = (value + lower) >> 1;
      }
    }
    this.score = best;
    this.threshold = threshold;
  }

  /** {@link ThresholdSearch.best} without sorting; it leaves the table empty. */
  #bestOfMany(feature: number): boolean {
    const { start, end, rows, tags, pixels, rowStride, featureStride } = this.#samples;
    const table = this.#table;
    const offset = feature * featureStride;
    for (let k = start; k < end; k++) {
      const tag = tags[k]!;
      const cell = pixels[rows[k]! * rowStride + offset]! * CELLS;
      table[cell + (tag & TAG_CLASS)]! += tag >> TAG_WEIGHT;
      table[cell + SAMPLES]!++;
    }
    const least = this.#minSamplesLeaf;
    const { classWeights, weight, squares } = this.#samples;
    const right = this.#right.fill(0);
    let rightWeight = 0;
    let rightSquares = 0;
    let leftSquares = squares;
    let rightCount = 0;
    let higher = -1;
    let best = -1;
    for (let value = 255; value >= 0; value--) {
      const cell = value * CELLS;
      const count = table[cell + SAMPLES]!;
      if (count === 0) continue;
      if (rightCount >= least && end - start - rightCount >= least) {
        const score = leftSquares / (weight - rightWeight) + rightSquares / rightWeight;
        if (score >= best) {
          best = score;
          this.threshold = (value + higher) >> 1;
        }
      }
      if (count === end - start) {
        table.fill(0, cell, cell + CELLS);
        return false;
      }
      for (let c = 0; c < CLASSES; c++) {
        const w = table[cell + c]!;
        const r = right[c]!;
        rightWeight += w;
        rightSquares += w * (2 * r + w);
        leftSquares -= w * (2 * (classWeights[c]! - r) - w);
        right[c] = r + w;
        table[cell + c] = 0;
      }
      table[cell + SAMPLES] = 0;
      rightCount += count;
      higher = value;
    }
    this.score = best;
    return true;
  }
}
