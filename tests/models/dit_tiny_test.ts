/** The small diffusion transformer: its size, and that it computes and learns what PyTorch's does. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { DiTTiny } from "../../lib/models/dit_tiny.ts";
import { Random } from "../../lib/random.ts";
import type { Tensor4D } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/nn_dit.json" with { type: "json" };
import { checkFirstPass, checkTraining, countDispatches } from "./denoiser_case.ts";

await openDevice();

const MNIST = { height: 28, width: 28, channels: 1, classes: 10 };
const tiny = () => new DiTTiny(MNIST, new Random(0));

Deno.test("dit-tiny has 388640 parameters", () => {
  const network = tiny();
  assert.equal(network.parameterCount, 388_640);
  const sizeOf = (prefix: string) =>
    [...network.namedParameters()].filter(([name]) => name.startsWith(prefix))
      .reduce((sum, [, { size }]) => sum + size, 0);
  assert.equal(sizeOf("conv."), 272);
  assert.equal(sizeOf("blocks.2."), 124_672);
});

Deno.test("dit-tiny computes what PyTorch does", () =>
  checkFirstPass(tiny(), fixture.networks["dit-tiny"]));

Deno.test("dit-tiny learns as in PyTorch, recorded as eagerly", () =>
  checkTraining(tiny, fixture.networks["dit-tiny"]));

Deno.test("dit-tiny takes images of 8x8 in patches of 2", () => {
  const network = new DiTTiny({ ...MNIST, height: 8, width: 8 }, new Random(1));
  assert.deepEqual(network.pos_embed.variable.shape, [1, 16, 64]);
  const x = tf.zeros([3, 8, 8, 1]) as Tensor4D;
  const y = network.denoise(x, tf.tensor1d([0, 1, 2]), tf.tensor1d([0, 1, 2], "int32"));
  assert.deepEqual(y.shape, [3, 8, 8, 1]);
});

Deno.test("dit-tiny refuses to go without labels", () => {
  const x = tf.zeros([1, 28, 28, 1]) as Tensor4D;
  assert.throws(() => tiny().denoise(x, tf.tensor1d([0])), {
    name: "TypeError",
    message: /it needs a label per image, got none/,
  });
});

Deno.test("a pass of dit-tiny takes few dispatches", async () => {
  assert.deepEqual(await countDispatches(tiny(), [16, 28, 28, 1]), { forward: 50, both: 133 });
});
