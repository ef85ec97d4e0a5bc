import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { ContextUnet, type ContextUnetOptions } from "../../lib/models/context_unet.ts";
import { Random } from "../../lib/random.ts";
import { assert } from "../deps.ts";
import whole from "../fixtures/nn_generators_28.json" with { type: "json" };
import fixture from "../fixtures/nn_unets.json" with { type: "json" };
import {
  checkFirstPass,
  checkTraining,
  fill,
  type FirstPassCase,
  type TrainingCase,
} from "./denoising.ts";

const expected: FirstPassCase = fixture.networks["context-unet"];
const small: TrainingCase = fixture.networks["context-unet-8x8"];

function build(size: number, options: ContextUnetOptions = { features: 16 }): ContextUnet {
  const shape = { height: size, width: size, channels: 1, classes: 10 };
  return new ContextUnet(shape, new Random(1, "init"), options);
}

Deno.test("ContextUnet has as many parameters as PyTorch's", async () => {
  await openDevice();
  for (const [features, count] of [[128, 6_585_601], [256, 26_311_169]] as const) {
    const network = build(28, { features });
    assert.equal(network.parameterCount, count);
    assert.equal(fixture.counts[`context-unet-${features}`], count);
    network.dispose();
  }
  for (const [size, { parameterCount, parameters }] of [[28, expected], [8, small]] as const) {
    const network = build(size);
    assert.equal(network.parameterCount, parameterCount);
    const names = [...network.namedParameters()].map(([name]) => name);
    assert.deepEqual(names, Object.keys(parameters));
    network.dispose();
  }
});

const passes: Record<number, FirstPassCase> = { 16: expected, 128: whole["context-unet-128"] };
for (const [features, c] of Object.entries(passes)) {
  Deno.test(`ContextUnet of ${features} features gives PyTorch's output and gradients`, async () => {
    await openDevice();
    const network = build(28, { features: Number(features) });
    await fill(network, c);
    await checkFirstPass(network, c);
    network.dispose();
  });
}

Deno.test("ContextUnet learns as in PyTorch, with the same bits recorded and eager", async () => {
  await openDevice();
  await checkTraining(() => build(8), small);
});

Deno.test("ContextUnet takes absent labels for no class, and tells classes and times apart", async () => {
  await openDevice();
  const network = build(8, { features: 8, timesteps: 100 });
  const images: tf.Tensor4D = tf.ones([2, 8, 8, 1]);
  const denoise = (t: number[], labels?: number[]) =>
    tf.tidy(() => {
      const classes = labels && tf.tensor1d(labels, "int32");
      return network.denoise(images, tf.tensor1d(t), classes);
    }).data();
  const none = await denoise([7, 7], [10, 10]);
  assert.deepEqual(await denoise([7, 7]), none);
  assert.notDeepEqual(await denoise([7, 7], [1, 2]), none);
  assert.notDeepEqual(await denoise([7, 8]), none);
});

Deno.test("ContextUnet refuses images and features that do not fit", async () => {
  await openDevice();
  const make = (height: number, width: number, features: number) => () =>
    new ContextUnet({ height, width, channels: 1, classes: 10 }, new Random(1), { features });
  assert.throws(make(30, 30, 16), /^RangeError: Cannot build the ContextUnet: .* got 30x30$/);
  assert.throws(make(28, 32, 16), /^RangeError: Cannot build the ContextUnet: .* got 28x32$/);
  assert.throws(make(28, 28, 10), /^RangeError: Cannot make groups of channels/);
});
