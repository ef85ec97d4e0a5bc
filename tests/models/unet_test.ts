import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { UNet } from "../../lib/models/unet.ts";
import { Random } from "../../lib/random.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import whole from "../fixtures/nn_generators_28.json" with { type: "json" };
import fixture from "../fixtures/nn_unets.json" with { type: "json" };
import { checkFirstPass, checkTraining, fill, type FirstPassCase } from "./denoising.ts";

const expected: FirstPassCase = fixture.networks.unet;

function build(height = 28, width = height): UNet {
  return new UNet({ height, width, channels: 1 }, new Random(1, "init"));
}

Deno.test("UNet has as many parameters as PyTorch's, of which some are frozen", async () => {
  await openDevice();
  const network = build();
  const state = await network.stateDict();
  const sizes = [...state.values()].map(({ values }) => values.length);
  assert.equal(sizes.reduce((sum, size) => sum + size), 606_852);
  assert.equal(fixture.counts.unet, 606_852);
  assert.equal(network.parameterCount, 606_852 - 100_000 - 2 * 10 * 28 * 28);
  assert.deepEqual([...state.keys()], ["time_embed.weight", ...Object.keys(expected.parameters)]);
  network.dispose();
});

Deno.test("UNet looks times up in a table of sinusoids", async () => {
  await openDevice();
  const network = build();
  const { rows, values } = fixture.table;
  const looked = tf.tidy(() => network.time_embed.forward(tf.tensor1d(rows)));
  assert.deepEqual(looked.shape, [rows.length, 100]);
  assertAllClose(await looked.data(), values, { rtol: 0, atol: 1e-7 });
  network.dispose();
});

Deno.test("UNet gives PyTorch's output and gradients", async () => {
  await openDevice();
  const network = build();
  await fill(network, expected);
  await checkFirstPass(network, expected);
  network.dispose();
});

Deno.test("UNet learns as in PyTorch, with the same bits recorded and eager", async () => {
  await openDevice();
  await checkTraining(() => build(12), fixture.networks["unet-12x12"]);
});

Deno.test("UNet learns 4 images of 28x28 as in PyTorch", async () => {
  await openDevice();
  await checkTraining(build, { ...expected, ...whole.unet }, 0);
});

Deno.test("UNet takes sizes that are 4 times an odd number, and refuses others", async () => {
  await openDevice();
  const network = build(12, 20);
  const images: tf.Tensor4D = tf.zeros([2, 12, 20, 1]);
  assert.deepEqual(network.denoise(images, tf.tensor1d([0, 999])).shape, [2, 12, 20, 1]);
  network.dispose();
  for (const size of [4, 8, 24, 27, 32]) {
    assert.throws(() => build(size), /^RangeError: Cannot build the U-Net: .* got (\d+)x\1$/);
  }
});

Deno.test("UNet cannot be run without times", async () => {
  await openDevice();
  assert.throws(() => build(12).forward(), /^TypeError: Cannot run .* Call denoise/);
});
