import { openDevice } from "../../../lib/device.ts";
import { tf } from "../../../lib/deps.ts";
import { groupNorm } from "../../../lib/engine/kernels/group_norm.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import type { Tensor, Tensor4D } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";
import { definition, type NormCase, uniform } from "./norm_case.ts";
import { ownLanes } from "../own_lanes.ts";

await openDevice();

const EPS = 1e-4;

type Sizes = readonly [images: number, side: number, channels: number, groups: number];

function makeCase([images, side, channels, groups]: Sizes): NormCase {
  const size = images * side * side * channels;
  return {
    samples: images,
    positions: side * side,
    channels,
    rowOf: (image, _, channel) => image * groups + Math.floor(channel * groups / channels),
    weightOf: (_, channel) => channel,
    eps: EPS,
    x: uniform(size, "x", 1),
    weight: uniform(channels, "weight"),
    bias: uniform(channels, "bias"),
    dy: uniform(size, "dy"),
  };
}

function ours(c: NormCase, [images, side, channels, groups]: Sizes) {
  return compute(() => {
    const shape = [images, side, side, channels];
    const weights = [tf.tensor(Array.from(c.weight)), tf.tensor(Array.from(c.bias))];
    const norm = (x: Tensor, weight: Tensor, bias: Tensor) =>
      groupNorm(x as Tensor4D, weight, bias, groups, EPS) as Tensor;
    const x = tf.tensor(c.x, shape);
    const [weight, bias] = weights as [Tensor, Tensor];
    return [
      norm(x, weight, bias),
      ...tf.grads(norm)([x, weight, bias], tf.tensor(c.dy, shape)),
    ];
  });
}

async function check(sizes: Sizes): Promise<void> {
  const c = makeCase(sizes);
  const { y, dx, dWeight, dBias } = definition(c);
  const { values } = await ours(c, sizes);
  [y, dx, dWeight, dBias].forEach((expected, k) =>
    assertAllClose(values[k]!, expected, { rtol: 1e-4, atol: 1e-4 })
  );
}

const SIZES: readonly Sizes[] = [
  [1, 1, 2, 1],
  [2, 3, 6, 3],
  [3, 5, 32, 8],
  [2, 7, 16, 2],
  // One group, and one for each channel.
  [2, 4, 12, 1],
  [2, 3, 5, 5],
  // So long that the weights' sums are cut into slices.
  [5, 13, 8, 2],
];

Deno.test("groupNorm() and its gradients equal their definition", async (t) => {
  for (const sizes of SIZES) await t.step(sizes.join(), () => check(sizes));
});

Deno.test("groupNorm() computes the same with the wide workgroups of a GPU", async (t) => {
  suitLanes({ software: false });
  try {
    for (const sizes of SIZES.slice(1)) await t.step(sizes.join(), () => check(sizes));
  } finally {
    await ownLanes();
  }
});

Deno.test("groupNorm() keeps NaN in its group", async () => {
  const sizes = [2, 3, 4, 2] as const;
  const c = makeCase(sizes);
  c.x[4 * 2 + 1] = NaN;
  const { values: [y] } = await ours(c, sizes);
  y!.forEach((value, i) => assert.equal(Number.isNaN(value), i < 36 && i % 4 < 2));
});

Deno.test("groupNorm() takes no images and refuses groups that do not divide the channels", async () => {
  const [weight, bias] = [tf.ones([6]), tf.zeros([6])];
  const { shapes } = await compute(() => [
    groupNorm(tf.zeros([0, 2, 2, 6]), tf.ones([6]), tf.zeros([6]), 3),
  ]);
  assert.deepEqual(shapes, [[0, 2, 2, 6]]);
  assert.throws(() => groupNorm(tf.zeros([1, 2, 2, 6]), weight, bias, 4), {
    name: "RangeError",
    message: "Cannot normalise groups: their number must divide the 6 channels, got 4",
  });
  assert.throws(() => groupNorm(tf.zeros([1, 2, 2, 4]), weight, bias, 4), {
    name: "RangeError",
    message: "Cannot normalise groups: weight and bias must have 4 values each, got 6 and 6",
  });
});
