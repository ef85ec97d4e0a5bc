/**
 * The samples of a growing tree, kept so that those of a node stand next to each other.
 *
 * @module
 */

import { CLASSES } from "../labels.ts";
import type { Samples } from "./samples.ts";

/** Below this many samples a node reads its pixels image by image; see samples.ts. */
const BY_IMAGE_BELOW = 512;

/** How far the weight is shifted in a tag; the class has the bits below. */
export const TAG_WEIGHT = 4;
/** The bits of the class in a tag. */
export const TAG_CLASS = (1 << TAG_WEIGHT) - 1;

/**
 * The samples of one tree in an order in which each node's are a range `start..end - 1`, and the
 * counts of the node that was entered last.
 */
export class NodeSamples {
  /** The first place of the node. */
  start = 0;
  /** The place after the node's last. */
  end = 0;
  /** The summed weights of each class in the node, shape `(10)`. */
  readonly classWeights = new Float64Array(CLASSES);
  /** The summed weights of the node. */
  weight = 0;
  /** The sum of the squares of {@link NodeSamples.classWeights}. */
  squares = 0;
  /** The class of the node's samples when they have only one, otherwise -1. */
  onlyClass = -1;

  /** For each place the number of the sample there. */
  readonly rows: Int32Array;
  /**
   * For each place the sample's `weight << TAG_WEIGHT | class`. A weight is how often a sample was
   * drawn; that it comes to 4096 times has a probability below 1e-10000.
   */
  readonly tags: Uint16Array;
  /** The pixels of sample `r` are `pixels[r · rowStride + f · featureStride]`. */
  pixels: Uint8Array;
  rowStride = 1;
  featureStride = 1;

  readonly #samples: Samples;
  readonly #aside: Int32Array;
  readonly #asideTags: Uint16Array;

  /**
   * @param samples All samples.
   * @param weights How often each of them counts, shape `(n)`; those with 0 are left out.
   */
  constructor(samples: Samples, weights: ArrayLike<number>) {
    this.#samples = samples;
    this.pixels = samples.byPixel;
    let count = 0;
    for (let i = 0; i < samples.count; i++) if (weights[i]! > 0) count++;
    this.rows = new Int32Array(count);
    this.tags = new Uint16Array(count);
    this.#aside = new Int32Array(count);
    this.#asideTags = new Uint16Array(count);
    let place = 0;
    for (let i = 0; i < samples.count; i++) {
      if (weights[i]! === 0) continue;
      this.rows[place] = i;
      this.tags[place++] = weights[i]! << TAG_WEIGHT | samples.labels[i]!;
    }
  }

  /** Enters the node of the places `start..end - 1` and counts its classes. */
  enter(start: number, end: number): void {
    this.start = start;
    this.end = end;
    const { byPixel, byImage, count, features } = this.#samples;
    const byRow = end - start < BY_IMAGE_BELOW;
    this.pixels = byRow ? byImage : byPixel;
    this.rowStride = byRow ? features : 1;
    this.featureStride = byRow ? 1 : count;

    const { tags, classWeights } = this;
    classWeights.fill(0);
    for (let k = start; k < end; k++) classWeights[tags[k]! & TAG_CLASS]! += tags[k]! >> TAG_WEIGHT;
    this.weight = 0;
    this.squares = 0;
    let classes = 0;
    for (let c = 0; c < CLASSES; c++) {
      const weight = classWeights[c]!;
      if (weight === 0) continue;
      this.weight += weight;
      this.squares += weight * weight;
      this.onlyClass = c;
      classes++;
    }
    if (classes > 1) this.onlyClass = -1;
  }

  /**
   * Moves the samples whose `feature` is at most `threshold` to the front of the node, both parts
   * in their order, so that rows are always read upwards.
   *
   * @returns The place after the last of them.
   */
  partition(feature: number, threshold: number): number {
    const { rows, tags, pixels, rowStride, end } = this;
    const aside = this.#aside;
    const asideTags = this.#asideTags;
    const offset = feature * this.featureStride;
    let low = this.start;
    let high = 0;
    for (let k = low; k < end; k++) {
      const row = rows[k]!;
      const tag = tags[k]!;
      if (pixels[row * rowStride + offset]! <= threshold) {
        rows[low] = row;
        tags[low++] = tag;
      } else {
        aside[high] = row;
        asideTags[high++] = tag;
      }
    }
    for (let k = 0; k < high; k++) {
      rows[low + k] = aside[k]!;
      tags[low + k] = asideTags[k]!;
    }
    return low;
  }
}
