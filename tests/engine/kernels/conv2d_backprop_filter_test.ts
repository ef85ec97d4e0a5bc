import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, isOurs } from "../poisoned.ts";
import {
  attributesOf,
  type ConvCase,
  type ConvInputs,
  definition,
  inputsOf,
  randomCase,
  shapesOf,
} from "./conv_case.ts";
import { ownLanes } from "../own_lanes.ts";

async function gradient(c: ConvCase, { x, dy }: ConvInputs): Promise<Float32Array> {
  const shapes = shapesOf(c);
  const result = await compute(() => [
    tf.engine().runKernel("Conv2DBackpropFilter", {
      x: tf.tensor(x, shapes.x),
      dy: tf.tensor(dy, shapes.dy),
    }, { ...attributesOf(c), filterShape: shapes.filter }) as tf.Tensor,
  ]);
  assert.ok(isOurs(result), `the stock kernel ran: ${result.programs}`);
  return result.values[0]!;
}

async function check(c: ConvCase, random: Random): Promise<void> {
  const inputs = inputsOf(c, random);
  assertAllClose(await gradient(c, inputs), definition(c, inputs).dFilter, { atol: 2e-5 });
}

const NAMED: Record<string, ConvCase> = {
  "the first layer of the CNN": {
    batch: 4,
    size: [28, 28],
    channels: [1, 32],
    filter: [5, 5],
    stride: [1, 1],
    pad: 2,
  },
  "a block of 8 input channels": {
    batch: 3,
    size: [7, 6],
    channels: [16, 64],
    filter: [3, 3],
    stride: [1, 1],
    pad: 1,
  },
  "6 channels and 16, as in LeNet-5": {
    batch: 2,
    size: [14, 14],
    channels: [6, 16],
    filter: [5, 5],
    stride: [1, 1],
    pad: 0,
  },
  "a 1x1 filter": {
    batch: 2,
    size: [5, 5],
    channels: [8, 1],
    filter: [1, 1],
    stride: [1, 1],
    pad: 0,
  },
  "8 channels to 2": {
    batch: 9,
    size: [5, 6],
    channels: [8, 2],
    filter: [3, 3],
    stride: [1, 1],
    pad: 1,
  },
  "3 channels to 1": {
    batch: 50,
    size: [4, 4],
    channels: [3, 1],
    filter: [3, 2],
    stride: [1, 1],
    pad: 0,
  },
  "stride 2 over an odd size": {
    batch: 1,
    size: [9, 7],
    channels: [4, 10],
    filter: [4, 4],
    stride: [2, 2],
    pad: 1,
  },
  "stride 2 over one channel": {
    batch: 2,
    size: [8, 9],
    channels: [1, 3],
    filter: [3, 3],
    stride: [2, 3],
    pad: 1,
  },
};

Deno.test("the filter gradient equals its definition", async (t) => {
  await openDevice();
  for (const [name, c] of Object.entries(NAMED)) {
    await t.step(name, () => check(c, new Random(1, name)));
  }
});

Deno.test("the filter gradient equals its definition in workgroups of a GPU's width", async () => {
  await openDevice();
  suitLanes({ software: false });
  try {
    for (const [name, c] of Object.entries(NAMED)) {
      await check({ ...c, batch: 3 * c.batch }, new Random(5, name));
    }
  } finally {
    await ownLanes();
  }
});

Deno.test("the filter gradient equals its definition on random shapes", async () => {
  await openDevice();
  const random = new Random(2, "shapes");
  for (let i = 0; i < 12; i++) {
    const c = randomCase(random, 2);
    try {
      await check(c, random);
    } catch (error) {
      throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
    }
  }
});

Deno.test("the filter gradient keeps a NaN and gives the same bits each time", async () => {
  await openDevice();
  const c = NAMED["the first layer of the CNN"]!;
  const inputs = inputsOf(c, new Random(3));
  assert.deepEqual(await gradient(c, inputs), await gradient(c, inputs));
  inputs.dy[5] = NaN;
  const values = await gradient(c, inputs);
  assert.ok(Number.isNaN(values[12 * 32 + 5]), "the centre of the filter meets every output");
});

Deno.test("the filter gradient takes no NaN from the pixels next to the padding", async () => {
  await openDevice();
  for (const channels of [3, 16]) {
    const c: ConvCase = { ...NAMED["a block of 8 input channels"]!, channels: [channels, 10] };
    const inputs = inputsOf(c, new Random(4, channels));
    // The corners are what a place outside of the image is clamped to or wraps around to.
    const [H, W] = c.size;
    for (const pixel of [0, H * W - 1, H * W]) inputs.x[pixel * channels] = NaN;
    const expected = definition(c, inputs).dFilter;
    assert.equal(expected.filter(Number.isNaN).length, 7 * 10, "all but two taps of a channel");
    assertAllClose(await gradient(c, inputs), expected, { atol: 2e-5 });
  }
});
