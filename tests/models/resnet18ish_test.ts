/** The residual network in stages computes and learns what PyTorch's does. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { Batch } from "../../lib/engine/feed.ts";
import { ResNet18ish } from "../../lib/models/resnet18ish.ts";
import { Context } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import type { Tensor4D } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import fixture from "../fixtures/nn_resnet18ish.json" with { type: "json" };
import { fromTorch } from "../nn/reference.ts";
import { checkFirstPass, checkLosses, fill, type NetworkCase } from "./classifying.ts";

const expected: NetworkCase = fixture.network;
const [, , height, width] = fixture.images.shape as [number, number, number, number];
const build = () =>
  new ResNet18ish({ height, width, channels: 1, classes: 10 }, new Random(1, "init"));

function fixtureBatch(): Batch {
  const { images, labels } = fixture;
  return {
    images: fromTorch(hashTensor(images), images.shape) as Tensor4D,
    labels: tf.tensor1d(labels, "int32"),
  };
}

Deno.test("ResNet18ish gives PyTorch's logits, loss and gradients", async () => {
  const device = await openDevice();
  await checkFirstPass(fill(build(), expected), fixtureBatch(), expected);
  device.check();
});

Deno.test("ResNet18ish learns as in PyTorch", async () => {
  const device = await openDevice();
  const batch = fixtureBatch();
  for (
    const [Kind, lr, losses] of [
      [SGD, 0.01, fixture.network.sgd.losses],
      [Adam, 0.001, fixture.network.adam.losses],
    ] as const
  ) {
    const network = fill(build(), expected);
    await checkLosses(network, new Kind(network.namedParameters(), { lr }), [batch], losses);
  }
  device.check();
});

Deno.test("ResNet18ish has the same parameters for images of any size", async () => {
  const device = await openDevice();
  const network = build();
  for (const [rows, columns] of [[1, 1], [3, 28]] as const) {
    const logits = network.forward(tf.zeros([2, rows, columns, 1]), new Context());
    assert.deepEqual(logits.shape, [2, 10]);
  }
  device.check();
});
