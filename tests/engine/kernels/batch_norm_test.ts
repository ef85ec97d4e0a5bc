import { openDevice } from "../../../lib/device.ts";
import { tf } from "../../../lib/deps.ts";
import { batchNorm, runningBatchNorm } from "../../../lib/engine/kernels/batch_norm.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import type { Activation } from "../../../lib/engine/kernels/linear.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";
import { definition, type NormCase, uniform } from "./norm_case.ts";
import { ownLanes } from "../own_lanes.ts";

await openDevice();

const EPS = 1e-4;
const MOMENTUM = 0.3;

function makeCase(pixels: number, channels: number, offset = 2): NormCase {
  return {
    samples: 1,
    positions: pixels,
    channels,
    rowOf: (_sample, _pixel, channel) => channel,
    weightOf: (_, channel) => channel,
    eps: EPS,
    x: uniform(pixels * channels, "x", offset),
    weight: uniform(channels, "weight"),
    bias: uniform(channels, "bias"),
    dy: uniform(pixels * channels, "dy"),
  };
}

/** The output, the gradients of `x`, weight and bias, and the running mean, variance and count. */
function ours(c: NormCase, activation: Activation): Promise<Computed> {
  return compute(() => {
    const shape = [1, 1, c.positions, c.channels];
    const runningMean = tf.ones([c.channels]);
    const runningVar = tf.fill([c.channels], 2);
    const batches = tf.tensor1d([7]);
    const norm = (x: Tensor, weight: Tensor, bias: Tensor) =>
      batchNorm(x, { weight, bias, runningMean, runningVar, batches }, {
        eps: EPS,
        momentum: MOMENTUM,
        activation,
      });
    const x = tf.tensor(c.x, shape);
    const [weight, bias] = [tf.tensor(Array.from(c.weight)), tf.tensor(Array.from(c.bias))];
    const dy = tf.tensor(c.dy, shape);
    const { value, grads } = tf.valueAndGrads(norm)([x, weight, bias], dy);
    return [value, ...grads, runningMean, runningVar, batches];
  });
}

function runningStatistics(c: NormCase): { mean: number[]; variance: number[] } {
  const channel = (k: number) => Array.from(c.x).filter((_, i) => i % c.channels === k);
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  const n = c.positions;
  const means = Array.from({ length: c.channels }, (_, k) => sum(channel(k)) / n);
  return {
    mean: means.map((mean) => 0.7 + 0.3 * mean),
    variance: means.map((mean, k) =>
      0.7 * 2 + 0.3 * sum(channel(k).map((v) => (v - mean) ** 2)) / (n - 1)
    ),
  };
}

async function check(c: NormCase, activation: Activation): Promise<void> {
  const linear = definition(c);
  const passes = (i: number) => activation === "linear" || !(linear.y[i]! <= 0);
  const gated = definition({ ...c, dy: c.dy.map((v, i) => passes(i) ? v : 0) });
  const { values } = await ours(c, activation);
  const [y, dx, dWeight, dBias, mean, variance, batches] = values;
  const tolerance = { rtol: 1e-4, atol: 4e-6 * Math.sqrt(c.positions) };
  assertAllClose(y!, linear.y.map((v, i) => passes(i) ? v : 0), tolerance);
  assertAllClose(dx!, gated.dx, tolerance);
  assertAllClose(dWeight!, gated.dWeight, tolerance);
  assertAllClose(dBias!, gated.dBias, tolerance);
  const running = runningStatistics(c);
  assertAllClose(mean!, running.mean, { rtol: 1e-5, atol: 1e-6 });
  assertAllClose(variance!, running.variance, { rtol: 1e-5, atol: 1e-6 });
  assert.deepEqual([...batches!], [8]);
}

const SIZES: readonly [pixels: number, channels: number][] = [
  [2, 1],
  [3, 5],
  [49, 8],
  [31, 12],
  [100, 33],
  [75, 64],
  // Many slices, the last one short.
  [5003, 8],
  [1031, 3],
];

Deno.test("batchNorm(), its gradients and running statistics equal their definition", async (t) => {
  for (const size of SIZES) {
    for (const activation of ["linear", "relu"] as const) {
      await t.step(`${size.join("x")}, ${activation}`, () => check(makeCase(...size), activation));
    }
  }
});

Deno.test("batchNorm() computes the same with the wide workgroups of a GPU", async (t) => {
  suitLanes({ software: false });
  try {
    for (const size of SIZES) {
      await t.step(size.join("x"), () => check(makeCase(...size), "relu"));
    }
  } finally {
    await ownLanes();
  }
});

Deno.test("batchNorm() keeps its digits when the mean is far from 0", async () => {
  // One pass over squares would lose all of the variance of 1/3 beside 10^6.
  const c = makeCase(2000, 4, 1000);
  const { values: [y] } = await ours(c, "linear");
  assertAllClose(y!, definition(c).y, { rtol: 1e-3, atol: 1e-3 });
});

Deno.test("batchNorm() can be differentiated twice", async () => {
  const c = makeCase(9, 4);
  for (const activation of ["linear", "relu"] as const) {
    const { values: [ours, plain] } = await compute(() => {
      const x = tf.tensor(c.x, [1, 3, 3, 4]);
      const bias = tf.tensor(Array.from(c.bias));
      const [runningMean, runningVar, batches] = [tf.zeros([4]), tf.ones([4]), tf.zeros([1])];
      const layers = [
        (x: Tensor, weight: Tensor) =>
          batchNorm(x, { weight, bias, runningMean, runningVar, batches }, {
            eps: EPS,
            momentum: MOMENTUM,
            activation,
          }),
        (x: Tensor, weight: Tensor) => {
          const { mean, variance } = tf.moments(x, [0, 1, 2], true);
          const h = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, EPS)));
          const y = tf.add(tf.mul(h, weight), bias);
          return activation === "relu" ? tf.relu(y) : y;
        },
      ];
      return layers.map((layer) => {
        const cube = (y: Tensor) => tf.sum(tf.mul(tf.square(y), y));
        const slope = (w: Tensor) => tf.grad((x: Tensor) => cube(layer(x, w)))(x);
        return tf.grad((w: Tensor) => tf.sum(tf.square(slope(w))))(tf.tensor(Array.from(c.weight)));
      });
    });
    assert.ok(plain!.some((value) => Math.abs(value) > 1));
    assertAllClose(ours!, plain!, { rtol: 1e-3, atol: 1e-3 });
  }
});

Deno.test("batchNorm() keeps NaN in its channel", async () => {
  const c = makeCase(9, 8);
  c.x[3] = NaN;
  for (const activation of ["linear", "relu"] as const) {
    const { values: [y, dx, dWeight, , mean] } = await ours(c, activation);
    for (const values of [y!, dx!, dWeight!, mean!]) {
      values.forEach((value, i) => assert.equal(Number.isNaN(value), i % 8 === 3));
    }
  }
});

Deno.test("batchNorm() refuses a batch that has no variance", () => {
  const vector = tf.ones([3]);
  const tensors = {
    weight: vector,
    bias: vector,
    runningMean: vector,
    runningVar: vector,
    batches: vector,
  };
  const options = { eps: EPS, momentum: 0.1, activation: "linear" } as const;
  for (const shape of [[1, 1, 1, 3], [0, 2, 2, 3]]) {
    assert.throws(() => batchNorm(tf.zeros(shape), tensors, options), {
      name: "RangeError",
      message: "Cannot normalise a batch: the variance needs more than one value per channel, " +
        `got a batch of shape (${shape.join(", ")})`,
    });
  }
});

Deno.test("runningBatchNorm() and its gradients equal their definition", async () => {
  const [x, dy] = [uniform(24, "x"), uniform(24, "dy")];
  const [mean, variance] = [[0.1, -0.2, 0.3], [0.5, 1, 2]];
  const [weight, bias] = [[1, -2, 0.5], [0.1, 0, -0.1]];
  for (const activation of ["linear", "relu"] as const) {
    const { values: [y, dx, dWeight, dBias] } = await compute(() => {
      const norm = (x: Tensor, weight: Tensor, bias: Tensor) =>
        runningBatchNorm(x, {
          weight,
          bias,
          runningMean: tf.tensor1d(mean),
          runningVar: tf.tensor1d(variance),
        }, { eps: EPS, activation });
      const inputs = [tf.tensor(x, [2, 2, 2, 3]), tf.tensor1d(weight), tf.tensor1d(bias)] as const;
      const gradients = tf.grads(norm)([...inputs], tf.tensor(dy, [2, 2, 2, 3]));
      return [norm(...inputs), ...gradients];
    });
    const expected = { y: [] as number[], dx: [] as number[], w: [0, 0, 0], b: [0, 0, 0] };
    x.forEach((value, i) => {
      const c = i % 3;
      const rstd = 1 / Math.sqrt(variance[c]! + EPS);
      const h = (value - mean[c]!) * rstd;
      const linear = h * weight[c]! + bias[c]!;
      const g = activation === "relu" && linear <= 0 ? 0 : dy[i]!;
      expected.y.push(activation === "relu" ? Math.max(linear, 0) : linear);
      expected.dx.push(g * weight[c]! * rstd);
      expected.w[c]! += g * h;
      expected.b[c]! += g;
    });
    const tolerance = { rtol: 1e-5, atol: 1e-5 };
    assertAllClose(y!, expected.y, tolerance);
    assertAllClose(dx!, expected.dx, tolerance);
    assertAllClose(dWeight!, expected.w, tolerance);
    assertAllClose(dBias!, expected.b, tolerance);
  }
});
