/**
 * A data set that lives on the GPU, and the batches that are gathered from it there.
 *
 * @module
 */

import { type Augmentation, checkAugmentation } from "../data/augment.ts";
import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import { Random } from "../random.ts";
import type { Tensor1D, Tensor4D, Variable } from "../tensor.ts";
import { writeValues } from "./backend.ts";
import type { Clock } from "./clock.ts";
import { type Deformed, elasticRows } from "./kernels/elastic_rows.ts";
import { gatherBatch } from "./kernels/gather_batch.ts";
import { toTensor, unwritten } from "./tape.ts";
import { webgpuBackend } from "./program.ts";

/** A batch on the GPU. */
export interface Batch {
  /** `(N, H, W, 1)`, scaled to the feed's range. */
  readonly images: Tensor4D;
  /** `(N)`, int32. */
  readonly labels: Tensor1D;
}

/** Options of {@link Feed}. */
export interface FeedOptions {
  /** The pixel value of full ink. */
  readonly maxValue: number;
  /** Images per step. */
  readonly batchSize: number;
  /** The step counter; an epoch has `⌈count / batchSize⌉` steps. */
  readonly clock: Clock;
  /** What pixel values 0 and `maxValue` become. @default [-1, 1] */
  readonly range?: readonly [number, number];
  /**
   * Deforms images at random, as `augmentBatch` does: by seed, epoch (counted from 1) and the
   * image's number alone. @default not at all
   */
  readonly augment?: { readonly augmentation: Augmentation; readonly seed: number } | undefined;
}

/**
 * Holds images as bytes and labels, and gathers the batch of the step that the clock shows: nothing
 * is uploaded from step to step.
 */
export class Feed {
  readonly #set: ImageSet;
  readonly #options: FeedOptions;
  readonly #stream: readonly number[];
  /** Four pixels to a word. */
  readonly #pixels: Variable;
  readonly #labels: Variable;
  readonly #order: Variable;

  /**
   * Uploads `set`.
   *
   * @throws {RangeError} When an amount of the augmentation is out of range.
   */
  constructor(set: ImageSet, options: FeedOptions) {
    this.#set = set;
    this.#options = options;
    if (options.augment) checkAugmentation(options.augment.augmentation);
    const { key, stream } = new Random(options.augment?.seed ?? 0, "augment");
    this.#stream = [...key, ...stream].map((word) => word | 0);
    const integers = (values: Int32Array) =>
      tf.tidy(() => tf.variable(tf.tensor1d(values, "int32"), false));
    this.#pixels = integers(packBytes(set.images));
    this.#labels = integers(Int32Array.from(set.labels));
    this.#order = integers(Int32Array.from({ length: set.count }, (_, i) => i));
  }

  /** Steps in an epoch. */
  get steps(): number {
    return Math.ceil(this.#set.count / this.#options.batchSize);
  }

  /** Images in the last batch of an epoch. */
  get lastBatchSize(): number {
    return this.#set.count - (this.steps - 1) * this.#options.batchSize;
  }

  /** Sets the order of the coming epoch, a permutation of the images. */
  startEpoch(order: Uint32Array): void {
    writeValues(this.#order, Int32Array.from(order));
  }

  /**
   * Gathers a batch, within a step.
   *
   * @param size Images: the batch size, or {@link lastBatchSize} in the last step of an epoch.
   */
  batch(size: number): Batch {
    const { height, width } = this.#set;
    const { batchSize, clock: { step }, maxValue, range = [-1, 1], augment } = this.#options;
    const [pixels, labels, order] = [this.#pixels, this.#labels, this.#order];
    const batch: Deformed = {
      size,
      height,
      width,
      steps: this.steps,
      batchSize,
      stream: this.#stream,
    };
    const images = unwritten([size, height, width, 1]) as Tensor4D;
    const classes = toTensor(webgpuBackend().makeTensorInfo([size], "int32")) as Tensor1D;
    tf.tidy(() => {
      const { augmentation } = augment ?? {};
      const rows = augmentation?.elastic && unwritten([size, 2, height, width]);
      if (rows) elasticRows(order, step, batch, augmentation!.elastic!, rows);
      const source = { pixels, labels, order, step, ...(rows && { rows }) };
      gatherBatch(source, batch, { maxValue, range }, augmentation, images, classes);
    });
    return { images, labels: classes };
  }

  /** Frees the data. */
  dispose(): void {
    tf.dispose([this.#pixels, this.#labels, this.#order]);
  }
}

/** Little-endian, as the shader unpacks them. */
function packBytes(bytes: Uint8Array): Int32Array<ArrayBuffer> {
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return words;
}
