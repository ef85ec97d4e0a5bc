/**
 * Random forests for images of bytes, with scikit-learn's defaults: 100 trees on bootstrap samples,
 * Gini impurity, √d features for each split, grown until the leaves are pure; the forest gives the
 * mean of the trees' probabilities.
 *
 * Breiman: *Random forests*, Machine Learning 45, 2001; Geurts, Ernst, Wehenkel: *Extremely
 * randomized trees*, Machine Learning 63, 2006.
 *
 * @module
 */

import type { ImageSet } from "../../data/types.ts";
import { DataError } from "../../errors.ts";
import { decodeModel, encodeModel, joinTrees, type Model } from "./model.ts";
import { type ForestOptions, resolveOptions } from "./options.ts";
import { growTrees } from "./pool.ts";
import { mostProbable, probabilities } from "./predict.ts";
import { checkTrainingSet, samplesOf } from "./samples.ts";

/**
 * A grown forest.
 *
 * @example Two classes of two pixels
 * ```ts
 * import assert from "node:assert/strict";
 * import { RandomForest } from "./forest.ts";
 *
 * const images = Uint8Array.of(9, 0, 8, 1, 0, 9, 1, 8);
 * const set = { images, labels: Uint8Array.of(3, 3, 7, 7), count: 4, height: 1, width: 2 };
 * const forest = await RandomForest.fit(set, { trees: 20, seed: 1 });
 * assert.deepEqual([...forest.predict(Uint8Array.of(9, 0, 0, 9))], [3, 7]);
 * ```
 */
export class RandomForest {
  readonly #model: Model;

  private constructor(model: Model) {
    this.#model = model;
  }

  /**
   * Grows a forest. The same seed gives the same bits, whatever the number of workers.
   *
   * @param set Images and labels `0..9` of two classes or more.
   * @param options See {@link ForestOptions}.
   * @throws {UsageError} When an option is out of range.
   * @throws {DataError} When there are no images, sizes do not fit together, a label is not one of
   * `0..9`, or there is one class only.
   */
  static async fit(set: ImageSet, options: ForestOptions = {}): Promise<RandomForest> {
    checkTrainingSet(set);
    const { count, height, width } = set;
    const size = { count, features: height * width };
    const { trees, seed, jobs, bootstrap, rule } = resolveOptions(options, size);
    const job = { samples: samplesOf(set, jobs > 1), rule, bootstrap, seed };
    const { onProgress } = options;
    const grown = await growTrees(job, trees, { jobs, onProgress });
    return new RandomForest(joinTrees(grown, height, width));
  }

  /**
   * Loads what {@link RandomForest.save} gave.
   *
   * @param bytes The file.
   * @param name What to call it in errors.
   * @throws {CheckpointError} When it is no such file or damaged.
   */
  static load(bytes: Uint8Array, name = "the file"): RandomForest {
    return new RandomForest(decodeModel(bytes, name));
  }

  /** How many trees there are. */
  get treeCount(): number {
    return this.#model.roots.length;
  }

  /** How many nodes all trees have together, leaves among them. */
  get nodeCount(): number {
    return this.#model.nodes.length;
  }

  /** Rows and columns of the images that it reads, in pixels. */
  get imageSize(): { readonly height: number; readonly width: number } {
    const { height, width } = this.#model;
    return { height, width };
  }

  /**
   * How much each pixel tells, shape `(height, width)`: the decrease of the Gini impurity at its
   * splits, as a part of the decrease at all splits of a tree, in the mean over the trees. Adds up
   * to 1, or to 0 for a forest without a split: scikit-learn's `feature_importances_`.
   */
  get importances(): Float64Array {
    return this.#model.importances;
  }

  /** The texts that were saved with it. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#model.metadata;
  }

  /**
   * The most probable class of each image; of several, the lowest.
   *
   * @param images Pixels, shape `(count, height, width)`, of the size that was trained on.
   * @returns The classes, shape `(count)`.
   * @throws {DataError} When they are no whole number of images.
   */
  predict(images: Uint8Array): Uint8Array<ArrayBuffer> {
    return mostProbable(this.probabilities(images));
  }

  /**
   * The probability of each class for each image: the mean of what the trees say.
   *
   * @param images See {@link RandomForest.predict}.
   * @returns The probabilities, shape `(count, 10)`; each row adds up to 1.
   * @throws {DataError} As {@link RandomForest.predict}.
   */
  probabilities(images: Uint8Array): Float64Array<ArrayBuffer> {
    const { height, width } = this.#model;
    if (images.length % (height * width) !== 0) {
      throw new DataError(
        `Cannot classify images: they have ${height}x${width} pixels each, got ${images.length} ` +
          "in all. Give images of the size that was trained on.",
      );
    }
    return probabilities(this.#model, images);
  }

  /**
   * The forest as a safetensors file; the same forest gives the same bytes.
   *
   * @param metadata Texts to keep with it, such as what it was trained on.
   */
  save(metadata: Readonly<Record<string, string>> = this.metadata): Uint8Array<ArrayBuffer> {
    return encodeModel({ ...this.#model, metadata });
  }
}
