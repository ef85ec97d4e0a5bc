/** The generators in plain tfjs against this library's, on small images. @module */

import { denoisingTrainings, ganTrainings } from "../../lib/bench/generator_training.ts";
import type { BothTrainings } from "../../lib/bench/step_contest.ts";
import {
  contextUnet,
  type Denoise,
  discriminator as plainD,
  dit,
  generator as plainG,
  unet,
  type Weights,
} from "../../lib/bench/stock_generators.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { NoisyBatch } from "../../lib/diffusion/forward.ts";
import type { DenoisingNetwork } from "../../lib/models/denoising_network.ts";
import { ContextUnet } from "../../lib/models/context_unet.ts";
import { DiT } from "../../lib/models/dit.ts";
import { Discriminator, Generator } from "../../lib/models/gan.ts";
import { UNet } from "../../lib/models/unet.ts";
import { Context, type Module } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar, Tensor, Tensor4D } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";

const device = await openDevice();
const COUNT = 3;
const shapeOf = (size: number) => ({ height: size, width: size, channels: 1, classes: 10 });

/** Moves all weights from where they begin: a fresh transformer predicts 0 whatever is inside. */
async function stirred<T extends Module>(network: T): Promise<T> {
  const random = new Random(2, "stirred");
  const state = await network.stateDict();
  for (const [name, { trainable }] of network.namedParameters()) {
    if (!trainable) continue;
    const { values } = state.get(name)!;
    values.forEach((value, i) => values[i] = value + 0.1 * random.normal());
  }
  network.loadStateDict(state);
  return network;
}

function weightsOf(network: Module): Weights {
  const parameters = new Map(network.namedParameters());
  return (name) => parameters.get(name)!.variable;
}

/** Holds value and gradients of a plain form to those of ours, to 1e-3 of the largest. */
async function assertSameGradients(
  network: Module,
  ours: () => Tensor,
  plain: () => Tensor,
): Promise<void> {
  const trained = [...network.namedParameters()].filter(([, { trainable }]) => trainable);
  const variables = trained.map(([, { variable }]) => variable);
  const read = (predict: () => Tensor) => {
    const { value, grads } = tf.tidy(() =>
      tf.variableGrads(() => tf.mean(tf.square(tf.sub(predict(), 0.5))) as Scalar, variables)
    );
    const gradients = variables.map(({ name }) => grads[name]!.data());
    return Promise.all([value.data(), ...gradients]);
  };
  const expected = await read(ours);
  const largest = expected.map((values) => {
    let most = 0;
    for (const value of values) most = Math.max(most, Math.abs(value));
    return most;
  });
  const most = Math.max(...largest);
  for (const [i, values] of (await read(plain)).entries()) {
    // A bias before a norm has a gradient of rounding alone.
    const atol = 1e-3 * Math.max(largest[i]!, 1e-3 * most);
    try {
      assertAllClose(values, expected[i]!, { rtol: 0, atol });
    } catch (error) {
      throw new Error(`${i === 0 ? "the loss" : trained[i - 1]![0]} differs`, { cause: error });
    }
  }
  device.check();
}

/** Two steps: the loss of the second tells whether the first learned the same. */
async function assertSameLosses({ stock, compiled }: BothTrainings): Promise<void> {
  await stock.run(2);
  const losses = await compiled.step.run(2);
  assert.notEqual(losses[0], losses[1]);
  assertAllClose(await stock.losses(), losses, { rtol: 1e-4 });
  stock.dispose();
  compiled.dispose();
  device.check();
}

/** Networks by what they are, with images of a size that they take. */
const DENOISERS: Record<string, [size: number, build: () => DenoisingNetwork, plain: Denoise]> = {
  "U-Net": [12, () => new UNet(shapeOf(12), new Random(1)), unet],
  "ContextUnet": [
    8,
    () => new ContextUnet(shapeOf(8), new Random(1), { features: 8 }),
    contextUnet(400),
  ],
  "DiT": [8, buildDiT, dit({ depth: 2, heads: 4 })],
};

function buildDiT(): DiT {
  return new DiT(shapeOf(8), new Random(1), { width: 16, depth: 2, heads: 4 });
}

for (const [name, [size, build, plain]] of Object.entries(DENOISERS)) {
  Deno.test(`the ${name} in plain tfjs computes as ours`, async () => {
    const network = await stirred(build());
    const batch: NoisyBatch = {
      x: tf.randomNormal([COUNT, size, size, 1], 0, 1, "float32", 1) as Tensor4D,
      t: tf.tensor1d([0, 7, 399]),
      labels: tf.tensor1d([0, 9, 10], "int32"),
      target: tf.zeros([COUNT, size, size, 1]),
    };
    await assertSameGradients(
      network,
      () => network.denoise(batch.x, batch.t, batch.labels, Context.training(1, 0)),
      () => plain(batch, weightsOf(network)),
    );
    tf.dispose({ ...batch });
    network.dispose();
  });
}

Deno.test("a denoising network learns from the same noise on both sides", async () => {
  const network = await stirred(buildDiT());
  await assertSameLosses(denoisingTrainings({
    shape: shapeOf(8),
    batchSize: COUNT,
    lr: 1e-3,
    timesteps: 400,
    drop: { probability: 0.5, nullClass: network.nullClass },
    build: () => network,
    plain: dit({ depth: 2, heads: 4 }),
  }));
});

Deno.test("the GAN in plain tfjs computes and learns as ours", async () => {
  const size = shapeOf(4);
  const generator = await stirred(new Generator(size, new Random(1)));
  const discriminator = await stirred(new Discriminator(size, new Random(2), { dropout: 0 }));
  const z = tf.randomNormal([COUNT, generator.latent], 0, 1, "float32", 1);
  await assertSameGradients(
    generator,
    () => tf.reshape(generator.forward(z), [COUNT, -1]),
    () => plainG(z, weightsOf(generator)),
  );
  const images = tf.randomNormal([COUNT, 4, 4, 1], 0, 1, "float32", 2);
  await assertSameGradients(
    discriminator,
    () => discriminator.forward(images, new Context()),
    () => plainD(images, weightsOf(discriminator)),
  );
  tf.dispose([z, images]);
  const build = () => ({ generator, discriminator });
  await assertSameLosses(ganTrainings({ shape: size, batchSize: COUNT, lr: 1e-4, build }));
});
