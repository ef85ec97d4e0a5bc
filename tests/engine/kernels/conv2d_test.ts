import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed, isOurs } from "../poisoned.ts";
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

const PLAIN: ConvCase = {
  batch: 2,
  size: [7, 6],
  channels: [3, 5],
  filter: [3, 3],
  stride: [1, 1],
  pad: 1,
};

const CASES: Record<string, ConvCase> = {
  "one image, one channel": { ...PLAIN, batch: 1, channels: [1, 1] },
  "the first layer of the CNN": {
    ...PLAIN,
    size: [28, 28],
    channels: [1, 32],
    filter: [5, 5],
    pad: 2,
  },
  "6 channels and 16, as in LeNet-5": {
    ...PLAIN,
    size: [14, 14],
    channels: [6, 16],
    filter: [5, 5],
    pad: 0,
  },
  "4 channels, read as one vector": { ...PLAIN, channels: [4, 6] },
  "8 channels and 13": { ...PLAIN, channels: [8, 13] },
  "13 channels and 40": { ...PLAIN, channels: [13, 40] },
  "40 channels and more than a block of them": { ...PLAIN, channels: [40, 70] },
  "a 1x1 filter": { ...PLAIN, filter: [1, 1], channels: [8, 3], pad: 0 },
  "a 1x1 filter, to more channels": { ...PLAIN, filter: [1, 1], channels: [3, 18], pad: 0 },
  "a 1x1 filter with padding": { ...PLAIN, filter: [1, 1], channels: [3, 18] },
  "8 channels to 1": { ...PLAIN, channels: [8, 1] },
  "a row longer than a block": { ...PLAIN, size: [3, 19], channels: [4, 11] },
  "a filter that is too wide for a whole block": {
    ...PLAIN,
    size: [11, 30],
    channels: [4, 8],
    filter: [3, 9],
  },
  "a 2x3 filter": { ...PLAIN, filter: [2, 3], pad: "valid" },
  "same padding, with one more behind": { ...PLAIN, filter: [2, 4], pad: "same" },
  "another padding on each side": { ...PLAIN, filter: [3, 5], pad: [0, 2, 3, 1] },
  "a padding beyond the filter": { ...PLAIN, filter: [1, 2], pad: [2, 1, 3, 2] },
  "a filter as large as the image": { ...PLAIN, filter: [7, 6], pad: 0 },
};

const tolerance = { atol: 2e-5 };

function forward(c: ConvCase, { x, filter }: ConvInputs): Promise<Computed> {
  const shapes = shapesOf(c);
  const { strides, pad, dataFormat, dilations } = attributesOf(c);
  return compute(() => [
    tf.conv2d(
      tf.tensor4d(x, shapes.x),
      tf.tensor4d(filter, shapes.filter),
      strides,
      pad,
      dataFormat,
      dilations,
    ),
  ]);
}

function inputGradient(c: ConvCase, { filter, dy }: ConvInputs): Promise<Computed> {
  const shapes = shapesOf(c);
  return compute(() => [
    tf.engine().runKernel("Conv2DBackpropInput", {
      dy: tf.tensor(dy, shapes.dy),
      filter: tf.tensor(filter, shapes.filter),
    }, { ...attributesOf(c), inputShape: shapes.x }) as tf.Tensor,
  ]);
}

/** Holds the output and the input's gradient against their definition. */
async function check(c: ConvCase, random: Random): Promise<void> {
  const inputs = inputsOf(c, random);
  const expected = definition(c, inputs);
  const y = await forward(c, inputs);
  assertAllClose(y.values[0]!, expected.y, tolerance);
  assert.deepEqual(y.shapes[0], shapesOf(c).dy);
  assert.ok(isOurs(y), `the stock kernel ran: ${y.programs}`);
  const dx = await inputGradient(c, inputs);
  assertAllClose(dx.values[0]!, expected.dx, tolerance);
  assert.deepEqual(dx.shapes[0], shapesOf(c).x);
  assert.ok(isOurs(dx), `the stock kernel ran: ${dx.programs}`);
  assert.equal(dx.programs.length, 1);
}

Deno.test("conv2d and its input gradient equal their definition", async (t) => {
  await openDevice();
  for (const [name, c] of Object.entries(CASES)) {
    await t.step(name, () => check(c, new Random(1, name)));
  }
});

Deno.test("conv2d and its input gradient equal their definition at other strides", async (t) => {
  await openDevice();
  const cases: Record<string, ConvCase> = {
    "stride 2": { ...PLAIN, stride: [2, 2] },
    "4x4, stride 2, padding 1": { ...PLAIN, filter: [4, 4], stride: [2, 2], channels: [10, 12] },
    "stride 2 by 3 over 4 channels": { ...PLAIN, channels: [4, 9], stride: [2, 3] },
    "stride 3 by 2 to 8 channels": { ...PLAIN, channels: [5, 8], stride: [3, 2], filter: [4, 5] },
    "stride 2, same padding": { ...PLAIN, stride: [2, 2], pad: "same" },
    "patches": { ...PLAIN, size: [8, 12], filter: [4, 4], stride: [4, 4], pad: 0 },
    "patches that leave pixels over": { ...PLAIN, filter: [2, 2], stride: [2, 2], pad: 0 },
    "a stride beyond the filter": { ...PLAIN, filter: [1, 1], stride: [3, 3], pad: 0 },
    "the same, with padding": { ...PLAIN, filter: [1, 2], stride: [3, 4], pad: [2, 1, 3, 2] },
    "a padding beyond the filter": { ...PLAIN, filter: [2, 2], stride: [3, 3], pad: [4, 3, 5, 3] },
    "one place for the filter, with padding": { ...PLAIN, filter: [9, 8], stride: [2, 2] },
  };
  for (const [name, c] of Object.entries(cases)) {
    await t.step(name, () => check(c, new Random(2, name)));
  }
});

Deno.test("conv2d equals its definition in workgroups of a GPU's width", async () => {
  await openDevice();
  suitLanes({ software: false });
  try {
    const cases: ConvCase[] = [
      { ...PLAIN, channels: [8, 12] },
      { ...PLAIN, channels: [4, 6], filter: [4, 4], stride: [2, 2] },
      { ...PLAIN, channels: [3, 70], batch: 1 },
      { ...PLAIN, filter: [1, 1], channels: [8, 72], pad: 0 },
    ];
    for (const [i, c] of cases.entries()) await check(c, new Random(9, i));
  } finally {
    await ownLanes();
  }
});

Deno.test("conv2d equals its definition on random shapes", async () => {
  await openDevice();
  const random = new Random(3, "shapes");
  for (let i = 0; i < 10; i++) {
    const c = randomCase(random, i < 6 ? 1 : 3);
    try {
      await check(c, random);
    } catch (error) {
      throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
    }
  }
});

Deno.test("conv2d leaves dilated filters to the stock kernel", async () => {
  await openDevice();
  const c: ConvCase = { ...PLAIN, size: [9, 8], channels: [4, 6], dilation: [2, 3], pad: 2 };
  const inputs = inputsOf(c, new Random(4));
  const y = await forward(c, inputs);
  assertAllClose(y.values[0]!, definition(c, inputs).y, tolerance);
  assert.ok(!isOurs(y));
});

Deno.test("conv2d leaves images with their channels first to the stock kernel", async () => {
  await openDevice();
  const inputs = inputsOf(PLAIN, new Random(5));
  const shapes = shapesOf(PLAIN);
  const result = await compute(() => {
    const x = tf.transpose(tf.tensor4d(inputs.x, shapes.x), [0, 3, 1, 2]);
    const y = tf.conv2d(x, tf.tensor4d(inputs.filter, shapes.filter), 1, 1, "NCHW");
    return [tf.transpose(y, [0, 2, 3, 1])];
  });
  assertAllClose(result.values[0]!, definition(PLAIN, inputs).y, tolerance);
  assert.ok(!isOurs(result));
});

Deno.test("conv2d keeps NaN and infinity where they are, and padding takes none of it in", async () => {
  await openDevice();
  for (const channels of [3, 4]) {
    const c: ConvCase = { ...PLAIN, channels: [channels, 5] };
    const inputs = inputsOf(c, new Random(6, channels));
    // The corners are what a place outside of the image is clamped to or wraps around to.
    const [H, W] = c.size;
    for (const pixel of [0, W - 1, H * W - 1, H * W, 2 * H * W - 1]) {
      inputs.x[pixel * channels] = pixel === W - 1 ? Infinity : NaN;
      inputs.dy[pixel * 5] = pixel === W - 1 ? -Infinity : NaN;
    }
    const expected = definition(c, inputs);
    assert.equal(expected.y.filter(Number.isNaN).length, 4 * 4 * 5);
    assert.equal(expected.dx.filter(Number.isNaN).length, 4 * 4 * channels);
    assertAllClose((await forward(c, inputs)).values[0]!, expected.y, tolerance);
    assertAllClose((await inputGradient(c, inputs)).values[0]!, expected.dx, tolerance);
  }
});

Deno.test("the gradients of conv2d equal their definition", async (t) => {
  await openDevice();
  const cases: Record<string, ConvCase> = {
    "stride 1": { ...PLAIN, pad: "same" },
    "stride 1, 8 channels and 13": { ...PLAIN, channels: [8, 13], pad: "valid" },
    "stride 2": { ...PLAIN, stride: [2, 2], pad: "same" },
  };
  for (const [name, c] of Object.entries(cases)) {
    await t.step(name, async () => {
      const inputs = inputsOf(c, new Random(7, name));
      const shapes = shapesOf(c);
      const { strides, pad } = attributesOf(c);
      const { values } = await compute(() =>
        tf.grads((x: tf.Tensor, filter: tf.Tensor) =>
          tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad)
        )(
          [tf.tensor(inputs.x, shapes.x), tf.tensor(inputs.filter, shapes.filter)],
          tf.tensor(inputs.dy, shapes.dy),
        )
      );
      const { dx, dFilter } = definition(c, inputs);
      assertAllClose(values[0]!, dx, tolerance);
      assertAllClose(values[1]!, dFilter, tolerance);
    });
  }
});

Deno.test("conv2d gives the same bits each time", async () => {
  await openDevice();
  const c: ConvCase = { ...PLAIN, size: [14, 14], channels: [32, 64], filter: [5, 5], pad: 2 };
  const inputs = inputsOf(c, new Random(8));
  const { y, dx } = definition(c, inputs);
  const first = [await forward(c, inputs), await inputGradient(c, inputs)];
  assertAllClose(first[0]!.values[0]!, y, { atol: 1e-4 });
  assertAllClose(first[1]!.values[0]!, dx, { atol: 1e-4 });
  const second = [await forward(c, inputs), await inputGradient(c, inputs)];
  assert.deepEqual(second.map(({ values }) => values), first.map(({ values }) => values));
});

Deno.test("conv2d covers more pixels than a device dispatches along one axis", async () => {
  await openDevice();
  const count = 1_048_577;
  const { values: [y] } = await compute(() => {
    const row = tf.reshape(tf.range(0, count), [1, 1, count, 1]) as tf.Tensor4D;
    return [tf.conv2d(row, tf.tensor4d([1], [1, 1, 1, 1]), 1, "valid")];
  });
  assert.equal(y!.length, count);
  assert.ok(y!.every((value, i) => value === i));
});
