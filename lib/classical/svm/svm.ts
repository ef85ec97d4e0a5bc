/**
 * Support vector machines for images of bytes, as LIBSVM and scikit-learn train them: C-SVC, one
 * class against one, with the same support vectors and predictions.
 *
 * Boser, Guyon, Vapnik: *A training algorithm for optimal margin classifiers*, COLT 1992; Cortes,
 * Vapnik: *Support-vector networks*, 1995; Chang, Lin: *LIBSVM*, 2011.
 *
 * @module
 */

import type { ImageSet } from "../../data/types.ts";
import { DataError } from "../../errors.ts";
import { DECISION_ROWS, type DecisionJob } from "./job.ts";
import type { KernelParameters } from "./kernel.ts";
import { decodeModel, encodeModel, type Model } from "./model.ts";
import { resolveJobs, type SVCOptions, type WorkOptions } from "./options.ts";
import { packRows } from "./packed.ts";
import { classPairs, vote } from "./pairs.ts";
import { spreadJob } from "./pool.ts";
import { train } from "./train.ts";

/**
 * A trained support vector machine.
 *
 * @example Two classes of two pixels
 * ```ts
 * import assert from "node:assert/strict";
 * import { SVC } from "./svm.ts";
 *
 * const images = Uint8Array.of(9, 0, 8, 1, 0, 9, 1, 8);
 * const set = { images, labels: Uint8Array.of(3, 3, 7, 7), count: 4, height: 1, width: 2 };
 * const svm = await SVC.fit(set, { kernel: "linear", jobs: 1 });
 * assert.deepEqual([...await svm.predict(Uint8Array.of(7, 2, 2, 7), { jobs: 1 })], [3, 7]);
 * ```
 */
export class SVC {
  readonly #model: Model;

  private constructor(model: Model) {
    this.#model = model;
  }

  /**
   * Trains a machine. It is deterministic, whatever the number of workers.
   *
   * @param set Images and labels `0..9` of two classes or more.
   * @param options See {@link SVCOptions}.
   * @throws {UsageError} When an option is out of range.
   * @throws {DataError} When there are no images, sizes do not fit together, a label is not one of
   * `0..9`, there is one class only, or gamma is to follow from images that are all of one value.
   */
  static async fit(set: ImageSet, options: SVCOptions = {}): Promise<SVC> {
    return new SVC(await train(set, options));
  }

  /**
   * Loads what {@link SVC.save} gave.
   *
   * @param bytes The file.
   * @param name What to call it in errors.
   * @throws {CheckpointError} When it is no such file or damaged.
   */
  static load(bytes: Uint8Array, name = "the file"): SVC {
    return new SVC(decodeModel(bytes, name));
  }

  /** The kernel and its numbers, gamma among them. */
  get parameters(): KernelParameters {
    return this.#model.parameters;
  }

  /** What an error cost in training. */
  get C(): number {
    return this.#model.C;
  }

  /** The labels that are told apart, ascending. */
  get classes(): Uint8Array {
    return this.#model.classes;
  }

  /** How many support vectors each class has. */
  get nSupport(): Int32Array {
    return this.#model.nSupport;
  }

  /** How many support vectors there are. */
  get supportVectorCount(): number {
    return this.#model.support.length;
  }

  /** The numbers of the support vectors among the training images, class by class. */
  get support(): Int32Array {
    return this.#model.support;
  }

  /**
   * `y α` of each support vector in its decisions against the other classes, these ascending, shape
   * `(classes − 1, vectors)`: scikit-learn's `dual_coef_`, but for two classes, where its sign is
   * the opposite.
   */
  get dualCoef(): Float64Array {
    return this.#model.dualCoef;
  }

  /** The constant of each decision; the sign for two classes is as in {@link SVC.dualCoef}. */
  get intercept(): Float64Array {
    return this.#model.intercept;
  }

  /** The texts that were saved with it. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#model.metadata;
  }

  /** The support vectors as images with their labels. */
  get supportImages(): ImageSet {
    const { supportVectors, support, height, width, nSupport, classes } = this.#model;
    const labels = Uint8Array.from([...classes].flatMap((c, k) => Array(nSupport[k]).fill(c)));
    return { images: supportVectors, labels, count: support.length, height, width };
  }

  /**
   * The labels of images: of all pairs of classes, the one that wins most; of several, the lowest.
   *
   * @param images Pixels, shape `(count, height, width)`, of the size that was trained on.
   * @returns The labels, shape `(count)`.
   * @throws {DataError} When they are no whole number of images.
   * @throws {UsageError} When the number of workers is out of range.
   */
  async predict(images: Uint8Array, options: WorkOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const { classes } = this.#model;
    const decisions = await this.decisionFunction(images, options);
    const pairs = classPairs(classes.length);
    const votes = new Int32Array(classes.length);
    return Uint8Array.from({ length: decisions.length / pairs.length }, (_, row) => {
      const own = decisions.subarray(row * pairs.length, (row + 1) * pairs.length);
      return classes[vote(own, pairs, votes)]!;
    });
  }

  /**
   * The decisions between all pairs of classes, `[0, 1], [0, 2], …`: positive for the first of a
   * pair. scikit-learn's with `decision_function_shape="ovo"`, but for two classes, where its sign
   * is the opposite.
   *
   * @param images See {@link SVC.predict}.
   * @returns The decisions, shape `(count, pairs)`.
   * @throws {DataError} As {@link SVC.predict}.
   * @throws {UsageError} As {@link SVC.predict}.
   */
  async decisionFunction(
    images: Uint8Array,
    options: WorkOptions = {},
  ): Promise<Float64Array<ArrayBuffer>> {
    const { height, width, support, supportVectors, classes } = this.#model;
    const features = height * width;
    if (images.length % features !== 0) {
      throw new DataError(
        `Cannot classify images: they have ${height}x${width} pixels each, got ${images.length} ` +
          "in all. Give images of the size that was trained on.",
      );
    }
    const count = images.length / features;
    const jobs = resolveJobs(options, images.length * support.length);
    const rows = new Uint8Array(new SharedArrayBuffer(images.length));
    rows.set(images);
    const job: DecisionJob = {
      kind: "decision",
      rows,
      support: packRows(supportVectors, features, support.map((_, v) => v)),
      nSupport: this.nSupport,
      dualCoef: this.dualCoef,
      intercept: this.intercept,
      parameters: this.parameters,
    };
    const { onProgress } = options;
    const parts = await spreadJob(job, Math.ceil(count / DECISION_ROWS), { jobs, onProgress });
    const pairs = classPairs(classes.length).length;
    const decisions = new Float64Array(count * pairs);
    parts.forEach((part, p) => decisions.set(part, p * DECISION_ROWS * pairs));
    return decisions;
  }

  /**
   * The machine as a safetensors file; the same machine gives the same bytes.
   *
   * @param metadata Texts to keep with it, such as what it was trained on.
   */
  save(metadata: Readonly<Record<string, string>> = this.metadata): Uint8Array<ArrayBuffer> {
    return encodeModel({ ...this.#model, metadata });
  }
}
