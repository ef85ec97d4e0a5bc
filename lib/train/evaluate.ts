/** What a trained network says of images. @module */

import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import type { Device } from "../device.ts";
import { collectIfDue } from "../engine/collect.ts";
import { Context, type Module } from "../nn/module.ts";
import { makeBatch } from "./batches.ts";
import type { Tensor4D } from "../tensor.ts";

/** Images per forward pass in evaluation; it bounds the memory of the activations. */
const EVALUATION_BATCH = 250;

/** The predictions for a set of images. */
export interface Predictions {
  /** Probability of each class, or what a machine gives for it, `(count, classes)`. */
  readonly probabilities: Float32Array;
  /** The most probable class of each image. */
  readonly classes: Uint8Array;
}

/** Class probabilities of a batch: `(N, H, W, 1)` to `(N, classes)` on the CPU. */
export async function probabilitiesOf(network: Module, images: Tensor4D): Promise<Float32Array> {
  const output = tf.tidy(() => tf.softmax(network.forward(images, new Context())));
  const values = await output.data() as Float32Array;
  output.dispose();
  return values;
}

/** Runs `network` over all images of `set`. */
export async function predictSet(
  device: Device,
  network: Module,
  set: ImageSet,
  maxValue: number,
): Promise<Predictions> {
  const parts: Float32Array[] = [];
  for (let from = 0; from < set.count; from += EVALUATION_BATCH) {
    const count = Math.min(EVALUATION_BATCH, set.count - from);
    const indices = Array.from({ length: count }, (_, i) => from + i);
    const batch = makeBatch(set, indices, { maxValue });
    parts.push(await probabilitiesOf(network, batch.images));
    tf.dispose([batch.images, batch.labels]);
    device.check();
    collectIfDue();
  }
  const classes = set.count === 0 ? 0 : parts.reduce((n, part) => n + part.length, 0) / set.count;
  const probabilities = new Float32Array(set.count * classes);
  let offset = 0;
  for (const part of parts) {
    probabilities.set(part, offset);
    offset += part.length;
  }
  return { probabilities, classes: argmaxRows(probabilities, set.count) };
}

/** The column of the largest value of each of `rows` rows; the first of equal ones. */
export function argmaxRows(values: Float32Array, rows: number): Uint8Array {
  const columns = values.length / rows;
  return Uint8Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let c = 1; c < columns; c++) {
      if (values[row * columns + c]! > values[row * columns + best]!) best = c;
    }
    return best;
  });
}

/** The share of `predicted` that equals `labels`. */
export function accuracyOf(predicted: ArrayLike<number>, labels: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (predicted[i] === labels[i]) right++;
  return labels.length === 0 ? 0 : right / labels.length;
}
