/** The networks compute and learn what PyTorch's do from the same weights. @module */

import { digits } from "../../lib/data/digits.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { Batch } from "../../lib/engine/feed.ts";
import { CNN } from "../../lib/models/cnn.ts";
import { MLP } from "../../lib/models/mlp.ts";
import { models } from "../../lib/models/registry.ts";
import type { Module } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import { makeBatch } from "../../lib/train/batches.ts";
import type { Tensor4D } from "../../lib/tensor.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import digitsFixture from "../fixtures/nn_digits.json" with { type: "json" };
import hashFixture from "../fixtures/nn_hash_images.json" with { type: "json" };
import { fromTorch } from "../nn/reference.ts";
import { checkFirstPass, checkLosses, fill, type NetworkCase } from "./classifying.ts";

type Name = keyof typeof digitsFixture.networks;
const names = Object.keys(digitsFixture.networks) as Name[];

function build(name: Name, size: number, expected: NetworkCase): Module {
  const shape = { height: size, width: size, channels: 1, classes: 10 };
  const random = new Random(0);
  const network = name === "mlp"
    ? new MLP(shape, random, { dropout: 0 })
    : name === "cnn"
    ? new CNN(shape, random, { dropout: 0 })
    : models[name].build(shape, random);
  return fill(network, expected);
}

/**
 * The steps after which rounding alone can lead the CNN elsewhere under Adam, whose step is as large
 * for a tiny gradient as for any other. With its weights changed by 2e-7 of their size after each
 * step, PyTorch parts from itself at step 12 in one run of ten, by 5e-3 of the loss in the end.
 */
const CALM_STEPS = 12;

/**
 * What each network is trained by for 50 steps: by its recipe's optimizer, the first ones by both.
 */
const OPTIMIZERS: Readonly<Record<Name, readonly ("sgd" | "adam")[]>> = {
  "mlp": ["sgd", "adam"],
  "mlp-512": ["sgd", "adam"],
  "cnn": ["sgd", "adam"],
  "lenet5": ["adam"],
  "resnet": ["adam"],
  "resnet-conv-shortcut": ["adam"],
  "gru": ["adam"],
  "vit": ["adam"],
};

Deno.test("the networks learn the digits as in PyTorch", async (t) => {
  const device = await openDevice();
  const { train, maxValue } = await digits();
  const { batch, batches: count } = digitsFixture;
  const batches = Array.from({ length: count }, (_, b) => {
    const indices = Array.from({ length: batch }, (_, i) => b * batch + i);
    return makeBatch(train, indices, { maxValue });
  });
  for (const name of names) {
    const expected: NetworkCase = digitsFixture.networks[name];
    await t.step(`${name}: logits, loss and gradients`, async () => {
      await checkFirstPass(build(name, train.height, expected), batches[0]!, expected);
      device.check();
    });
    for (const optimizer of OPTIMIZERS[name]) {
      await t.step(`${name}: 50 steps of ${optimizer}`, async () => {
        const network = build(name, train.height, expected);
        const Kind = optimizer === "sgd" ? SGD : Adam;
        const lr = optimizer === "sgd" ? 0.01 : 0.001;
        const calm = name === "cnn" && optimizer === "adam" ? CALM_STEPS : undefined;
        const { losses } = expected[optimizer]!;
        await checkLosses(
          network,
          new Kind(network.namedParameters(), { lr }),
          batches,
          losses,
          calm,
        );
        device.check();
      });
    }
  }
});

Deno.test("the networks take images of 28x28 as in PyTorch", async (t) => {
  const device = await openDevice();
  const { images, labels } = hashFixture;
  const batch: Batch = {
    images: fromTorch(hashTensor(images), images.shape) as Tensor4D,
    labels: tf.tensor1d(labels, "int32"),
  };
  for (const name of names) {
    const expected: NetworkCase = hashFixture.networks[name];
    await t.step(`${name}: logits, loss and gradients`, async () => {
      await checkFirstPass(build(name, 28, expected), batch, expected);
      device.check();
    });
    await t.step(`${name}: 5 steps of SGD`, async () => {
      const network = build(name, 28, expected);
      const optimizer = new SGD(network.namedParameters(), { lr: 0.01 });
      await checkLosses(network, optimizer, [batch], expected.sgd.losses);
      device.check();
    });
  }
});
