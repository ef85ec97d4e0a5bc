/**
 * A data set that lives on the GPU, and the batches that are gathered from it there.
 *
 * @module
 */

import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import type { Tensor1D, Tensor4D, Variable } from "../tensor.ts";
import { writeValues } from "./backend.ts";
import type { Clock } from "./clock.ts";
import { type Program, run } from "./program.ts";

/** A batch on the GPU. */
export interface Batch {
  /** `(N, H, W, 1)`, scaled to [−1, 1]. */
  readonly images: Tensor4D;
  /** `(N)`, int32. */
  readonly labels: Tensor1D;
}

/**
 * Holds images as bytes and labels, and gathers the batch of the step that the clock shows: nothing
 * is uploaded from step to step.
 */
export class Feed {
  readonly #set: ImageSet;
  readonly #clock: Clock;
  readonly #batchSize: number;
  readonly #maxValue: number;
  /** Four pixels to a word. */
  readonly #pixels: Variable;
  readonly #labels: Variable;
  readonly #order: Variable;

  /**
   * Uploads `set`.
   *
   * @param set The images.
   * @param maxValue The pixel value that is scaled to 1; 0 is scaled to −1.
   * @param batchSize Images per step.
   * @param clock The step counter; an epoch has `⌈count / batchSize⌉` steps.
   */
  constructor(set: ImageSet, maxValue: number, batchSize: number, clock: Clock) {
    this.#set = set;
    this.#clock = clock;
    this.#batchSize = batchSize;
    this.#maxValue = maxValue;
    const integers = (values: Int32Array) =>
      tf.tidy(() => tf.variable(tf.tensor1d(values, "int32"), false));
    this.#pixels = integers(packBytes(set.images));
    this.#labels = integers(Int32Array.from(set.labels));
    this.#order = integers(Int32Array.from({ length: set.count }, (_, i) => i));
  }

  /** Steps in an epoch. */
  get steps(): number {
    return Math.ceil(this.#set.count / this.#batchSize);
  }

  /** Images in the last batch of an epoch. */
  get lastBatchSize(): number {
    return this.#set.count - (this.steps - 1) * this.#batchSize;
  }

  /**
   * Sets the order of the coming epoch, and its pixels when they are others than the set's own.
   *
   * @param order A permutation of the images.
   * @param pixels Bytes of the set's shape, such as augmented images. @default as they are
   */
  startEpoch(order: Uint32Array, pixels?: Uint8Array): void {
    writeValues(this.#order, Int32Array.from(order));
    if (pixels) writeValues(this.#pixels, packBytes(pixels));
  }

  /**
   * Gathers a batch, within a step.
   *
   * @param size Images: the batch size, or {@link lastBatchSize} in the last step of an epoch.
   */
  batch(size: number): Batch {
    const { height, width } = this.#set;
    const uniforms = [this.steps, this.#batchSize].map((n) => ({
      type: "int32" as const,
      data: [n],
    }));
    const images = run(
      imagesProgram([size, height, width, 1], this.#maxValue),
      [this.#pixels, this.#order, this.#clock.step],
      uniforms,
    );
    const labels = run(
      labelsProgram(size),
      [this.#labels, this.#order, this.#clock.step],
      uniforms,
      undefined,
      "int32",
    );
    return {
      images: tf.engine().makeTensorFromTensorInfo(images) as Tensor4D,
      labels: tf.engine().makeTensorFromTensorInfo(labels) as Tensor1D,
    };
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

const UNIFORMS = "steps : i32, batchSize : i32,";
const ROW = "order[step[0] % uniforms.steps * uniforms.batchSize + index";

function imagesProgram(outputShape: number[], maxValue: number): Program {
  const size = outputShape[1]! * outputShape[2]!;
  return {
    key: `inkling_feed_images_${size}_${maxValue}`,
    outputShape,
    inputs: ["pixels", "order", "step"],
    uniforms: UNIFORMS,
    code: `fn main(index : i32) {
      if (index < uniforms.size) {
        let pixel = ${ROW} / ${size}] * ${size} + index % ${size};
        let byte = (u32(pixels[pixel / 4]) >> u32(pixel % 4 * 8)) & 255u;
        result[index] = f32(byte) * ${(2 / maxValue).toPrecision(17)}f - 1.0;
      }
    }`,
  };
}

function labelsProgram(size: number): Program {
  return {
    key: "inkling_feed_labels",
    outputShape: [size],
    inputs: ["labels", "order", "step"],
    uniforms: UNIFORMS,
    code: `fn main(index : i32) {
      if (index < uniforms.size) { result[index] = labels[${ROW}]]; }
    }`,
  };
}
