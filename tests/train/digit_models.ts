/** What the tests of checkpoints share: models of 8x8 digits. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { ModelName } from "../../lib/models/registry.ts";
import { Context, type Module } from "../../lib/nn/module.ts";
import type { ModelInfo } from "../../lib/train/model_info.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import { fromTorch } from "../nn/reference.ts";

/** The images and classes of the models. */
export const shape = { height: 8, width: 8, channels: 1, classes: 10 };

/** What the checkpoint of a network says of it. */
export function infoOf(model: ModelName): ModelInfo<ModelName> {
  const classNames = Array.from({ length: 10 }, (_, i) => String(i));
  return { model, shape, dataset: "digits", maxValue: 16, classNames };
}

/** The logits of an evaluation pass on hash images. */
export async function logitsOf(network: Module, images: HashTensor): Promise<Float32Array> {
  const device = await openDevice();
  const x = fromTorch(hashTensor(images), images.shape);
  const logits = tf.tidy(() => network.forward(x, new Context()));
  const values = await logits.data() as Float32Array;
  device.check();
  tf.dispose([x, logits]);
  return values;
}
