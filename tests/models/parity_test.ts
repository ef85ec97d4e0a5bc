/** The networks compute and learn what PyTorch's do from the same weights. @module */

import { digits } from "../../lib/data/digits.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { Batch } from "../../lib/engine/feed.ts";
import { CNN } from "../../lib/models/cnn.ts";
import { MLP } from "../../lib/models/mlp.ts";
import { models } from "../../lib/models/registry.ts";
import { crossEntropy } from "../../lib/nn/loss.ts";
import { Context, type Module } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import type { Optimizer } from "../../lib/nn/optim/optimizer.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import { makeBatch } from "../../lib/train/batches.ts";
import { trainStep } from "../../lib/train/loop.ts";
import type { Scalar, Tensor4D } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import digitsFixture from "../fixtures/nn_digits.json" with { type: "json" };
import hashFixture from "../fixtures/nn_hash_images.json" with { type: "json" };
import { fromTorch, hashState, permuteByIndices } from "../nn/reference.ts";

/** What a fixture says of one network. */
interface NetworkCase {
  readonly parameters: Readonly<Record<string, HashTensor>>;
  readonly first: {
    readonly logits: readonly (readonly number[])[];
    readonly loss: number;
    readonly gradients: Readonly<Record<string, Gradient>>;
  };
  readonly sgd: { readonly losses: readonly number[] };
  readonly adam?: { readonly losses: readonly number[] };
}

/** A gradient: norm, sum, and its entries at `0, stride, 2 stride, …`. */
interface Gradient {
  readonly norm: number;
  readonly sum: number;
  readonly stride: number;
  readonly samples: readonly number[];
}

type Name = keyof typeof digitsFixture.networks;
const names = Object.keys(digitsFixture.networks) as Name[];

function build(name: Name, size: number, { parameters }: NetworkCase): Module {
  const shape = { height: size, width: size, channels: 1, classes: 10 };
  const random = new Random(0);
  const network = name === "mlp"
    ? new MLP(shape, random, { dropout: 0 })
    : name === "cnn"
    ? new CNN(shape, random, { dropout: 0 })
    : models[name].build(shape, random);
  // PyTorch's own order of definition, too.
  assert.deepEqual([...network.namedParameters()].map(([key]) => key), Object.keys(parameters));
  network.loadStateDict(hashState(parameters));
  return network;
}

const training = () => Context.training(0, 0);

async function checkFirstPass(network: Module, batch: Batch, { first }: NetworkCase) {
  const logits = tf.tidy(() => network.forward(batch.images, training()));
  const expected = first.logits.flat();
  const values = (await logits.data()).slice(0, expected.length);
  assertAllClose(values, expected, { rtol: 0, atol: 1e-4 * largest(expected) });

  const parameters = [...network.namedParameters()].filter(([, { trainable }]) => trainable);
  const { value, grads } = tf.tidy(() =>
    tf.variableGrads(
      () => crossEntropy(network.forward(batch.images, training()), batch.labels),
      parameters.map(([, { variable }]) => variable),
    )
  );
  assertAllClose(await value.data(), [first.loss], { rtol: 1e-5 });
  for (const [name, { variable, layout }] of parameters) {
    const own = await grads[variable.name]!.data();
    checkGradient(permuteByIndices(own, layout.view, layout.order), first.gradients[name]!);
  }
  tf.dispose([logits, value, grads]);
}

function checkGradient(gradient: Float32Array, { norm, sum, stride, samples }: Gradient): void {
  // A bias before a batch norm has no effect: its gradient is 0 but for rounding.
  const floor = 1e-6;
  const atol = 1e-4 * largest(gradient) + floor;
  assertAllClose(samples.map((_, i) => gradient[i * stride]!), samples, { rtol: 0, atol });
  assertAllClose([Math.sqrt(gradient.reduce((s, x) => s + x * x, 0))], [norm], {
    rtol: 1e-4,
    atol: floor * Math.sqrt(gradient.length),
  });
  const magnitude = gradient.reduce((s, x) => s + Math.abs(x), 0);
  const total = gradient.reduce((s, x) => s + x, 0);
  assertAllClose([total], [sum], { rtol: 0, atol: 1e-4 * magnitude + floor * gradient.length });
}

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

/**
 * Trains as many steps as there are losses and holds each loss to PyTorch's: to 1e-3 in the first
 * `calm` steps, to 1e-2 after them.
 */
async function checkLosses(
  network: Module,
  optimizer: Optimizer,
  batches: readonly Batch[],
  expected: readonly number[],
  calm = expected.length,
): Promise<void> {
  const losses: Scalar[] = expected.map((_, step) =>
    trainStep(network, optimizer, batches[step % batches.length]!, training())
  );
  const actual = await tf.stack(losses).data();
  assertAllClose(actual.slice(0, calm), expected.slice(0, calm), { rtol: 1e-3, atol: 0 });
  assertAllClose(actual, expected, { rtol: 1e-2, atol: 0 });
}

/**
 * The steps after which rounding alone can lead the CNN elsewhere under Adam, whose step is as large
 * for a tiny gradient as for any other. With its weights changed by 2e-7 of their size after each
 * step, PyTorch parts from itself at step 12 in one run of ten, by 5e-3 of the loss in the end.
 */
const CALM_STEPS = 12;

/**
 * What each network is trained by for 50 steps: by its recipe's optimizer, the first ones by both.
 * The second residual network differs from the first in one layer, which the first pass checks.
 */
const OPTIMIZERS: Readonly<Record<Name, readonly ("sgd" | "adam")[]>> = {
  "mlp": ["sgd", "adam"],
  "mlp-512": ["sgd", "adam"],
  "cnn": ["sgd", "adam"],
  "lenet5": ["adam"],
  "resnet": ["adam"],
  "resnet-conv-shortcut": [],
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
