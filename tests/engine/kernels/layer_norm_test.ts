import { openDevice } from "../../../lib/device.ts";
import { tf } from "../../../lib/deps.ts";
import { gatedResidual } from "../../../lib/engine/kernels/gated_residual.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { layerNorm, modulatedLayerNorm } from "../../../lib/engine/kernels/layer_norm.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { type HashTensor, hashTensor } from "../../fixtures/hash_values.ts";
import fixture from "../../fixtures/nn_norms.json" with { type: "json" };
import { compute } from "../poisoned.ts";
import { definition, type NormCase, uniform } from "./norm_case.ts";
import { ownLanes } from "../own_lanes.ts";

await openDevice();

const EPS = 1e-3;

function makeCase(rows: number, channels: number, offset = 0): NormCase {
  return {
    samples: 1,
    positions: rows,
    channels,
    rowOf: (_, row) => row,
    weightOf: (_, channel) => channel,
    eps: EPS,
    x: uniform(rows * channels, "x", offset),
    weight: uniform(channels, "weight"),
    bias: uniform(channels, "bias"),
    dy: uniform(rows * channels, "dy"),
  };
}

/** The output and the gradients of `x`, and of weight and bias where there are some. */
function ours(c: NormCase, affine: boolean) {
  return compute(() => {
    const shape = [c.positions, c.channels];
    const [x, dy] = [tf.tensor(c.x, shape), tf.tensor(c.dy, shape)];
    if (!affine) {
      const norm = (x: Tensor) => layerNorm(x, undefined, undefined, EPS);
      return [norm(x), tf.grad(norm)(x, dy)];
    }
    const weights = [tf.tensor(Array.from(c.weight)), tf.tensor(Array.from(c.bias))];
    const norm = (x: Tensor, weight: Tensor, bias: Tensor) => layerNorm(x, weight, bias, EPS);
    return [norm(x, weights[0]!, weights[1]!), ...tf.grads(norm)([x, ...weights], dy)];
  });
}

function withoutAffine(c: NormCase): NormCase {
  return { ...c, weight: Array(c.channels).fill(1), bias: Array(c.channels).fill(0) };
}

async function check(c: NormCase, affine: boolean): Promise<void> {
  const { y, dx, dWeight, dBias } = definition(affine ? c : withoutAffine(c));
  const { values } = await ours(c, affine);
  const terms = Math.max(c.positions, c.channels);
  const tolerance = { rtol: 1e-4, atol: 4e-6 * Math.sqrt(terms) };
  const expected = affine ? [y, dx, dWeight, dBias] : [y, dx];
  assert.equal(values.length, expected.length);
  expected.forEach((e, k) => assertAllClose(values[k]!, e, tolerance));
}

const SIZES: readonly [rows: number, channels: number][] = [
  [1, 1],
  [1, 4],
  [5, 7],
  [9, 64],
  // As many elements as invocations of a workgroup hold, one more, and a number with a rest.
  [3, 128],
  [3, 132],
  [7, 33],
  // The weights' sums in slices, the last of them short.
  [300, 12],
  [131, 2],
  // Cooperating invocations; and so long that they load in loops.
  [2, 1000],
  [3, 8 * 8 * 40],
  [2, 32 * 256 * 4 + 4],
  [2, 32 * 256 + 3],
];

Deno.test("layerNorm() and its gradients equal their definition", async (t) => {
  for (const size of SIZES) {
    for (const affine of [true, false]) {
      await t.step(`${size.join("x")}${affine ? ", affine" : ""}`, async () => {
        await check(makeCase(...size), affine);
      });
    }
  }
});

Deno.test("layerNorm() computes the same with the wide workgroups of a GPU", async (t) => {
  suitLanes({ software: false });
  try {
    for (const size of [[9, 64], [5, 7], [300, 12], [3, 132], [70, 1000]] as [number, number][]) {
      await t.step(size.join("x"), () => check(makeCase(...size), true));
    }
  } finally {
    await ownLanes();
  }
});

/** `layerNorm()` by operations of tfjs. */
function composed(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  const h = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, EPS)));
  return tf.add(tf.mul(h, weight), bias);
}

Deno.test("layerNorm() equals its plain composition, any of its gradients and second ones too", async () => {
  const c = makeCase(6, 8);
  const { values } = await compute(() => {
    const x = tf.tensor(c.x, [2, 3, 8]);
    const [weight, bias] = [tf.tensor(Array.from(c.weight)), tf.tensor(Array.from(c.bias))];
    const ours = (x: Tensor, w: Tensor, b: Tensor) => layerNorm(x, w, b, EPS);
    return [ours, composed].map((norm) => {
      const cube = (y: Tensor) => tf.sum(tf.mul(tf.square(y), y));
      const slope = (w: Tensor) => tf.grad((x: Tensor) => cube(norm(x, w, bias)))(x);
      const results = [
        tf.grad((x: Tensor) => cube(norm(x, weight, bias)))(x),
        tf.grad((w: Tensor) => cube(norm(x, w, bias)))(weight),
        tf.grad((b: Tensor) => cube(norm(x, weight, b)))(bias),
        ...tf.grads((x: Tensor, b: Tensor) => cube(norm(x, weight, b)))([x, bias]),
        tf.grad((w: Tensor) => tf.sum(tf.square(slope(w))))(weight),
      ];
      return tf.concat(results.map((result) => tf.reshape(result, [-1])));
    });
  });
  assert.ok(values[1]!.slice(-8).some((value) => Math.abs(value) > 1));
  assertAllClose(values[0]!, values[1]!, { rtol: 1e-3, atol: 1e-3 });
});

Deno.test("modulatedLayerNorm() with gatedResidual() gives what PyTorch's operations give", async (t) => {
  for (const [k, c] of fixture.modulated.entries()) {
    for (const software of [true, false]) {
      await t.step(`${c.x.shape.join("x")}, ${software ? "narrow" : "wide"}`, async () => {
        suitLanes({ software });
        const { values } = await compute(() => {
          const tensor = (t: HashTensor) => tf.tensor(hashTensor(t), [...t.shape]);
          const inputs = [c.x, c.shift, c.scale, c.gate].map(tensor);
          const block = (x: Tensor, shift: Tensor, scale: Tensor, gate: Tensor) =>
            gatedResidual(x, gate, modulatedLayerNorm(x, shift, scale));
          const [x, shift, scale, gate] = inputs as [Tensor, Tensor, Tensor, Tensor];
          return [
            block(x, shift, scale, gate),
            ...tf.grads(block)([x, shift, scale, gate], tensor(c.outputGradient)),
          ];
        }).finally(ownLanes);
        const { x, shift, scale, gate } = fixture.modulated[k]!.gradients;
        [c.output, x, shift, scale, gate].forEach((expected, i) =>
          assertAllClose(values[i]!, expected, { rtol: 1e-5, atol: 1e-5 })
        );
      });
    }
  }
});

Deno.test("modulatedLayerNorm() can be differentiated twice", async () => {
  const { values: [ours, plain] } = await compute(() => {
    const make = (name: string, shape: number[]) =>
      tf.tensor(uniform(tf.util.sizeFromShape(shape), name), shape);
    const [x, shift, scale] = [make("x", [2, 3, 4]), make("shift", [2, 4]), make("scale", [2, 4])];
    const layers = [
      (x: Tensor, scale: Tensor) => modulatedLayerNorm(x, shift, scale, EPS),
      (x: Tensor, scale: Tensor) =>
        composed(x, tf.add(tf.expandDims(scale, 1), 1), tf.expandDims(shift, 1)),
    ];
    return layers.map((layer) => {
      const cube = (y: Tensor) => tf.sum(tf.mul(tf.square(y), y));
      const slope = (s: Tensor) => tf.grad((x: Tensor) => cube(layer(x, s)))(x);
      return tf.grad((s: Tensor) => tf.sum(tf.square(slope(s))))(scale);
    });
  });
  assert.ok(plain!.some((value) => Math.abs(value) > 1));
  assertAllClose(ours!, plain!, { rtol: 1e-3, atol: 1e-3 });
});

Deno.test("layerNorm() keeps its digits when the mean is far from 0", async () => {
  // One pass over squares would lose all of the variance of 1/3 beside 10^6.
  for (const [rows, channels] of [[4, 64], [2, 1000]] as const) {
    const c = withoutAffine(makeCase(rows, channels, 1000));
    const { values: [y] } = await ours(c, false);
    assertAllClose(y!, definition(c).y, { rtol: 1e-3, atol: 1e-3 });
  }
});

Deno.test("layerNorm() keeps NaN in its row", async () => {
  for (const [rows, channels] of [[9, 64], [3, 1000], [2, 40_000]] as const) {
    const c = makeCase(rows, channels);
    c.x[channels + 3] = NaN;
    const { values: [y, dx, dWeight] } = await ours(c, true);
    for (const values of [y!, dx!]) {
      const wrong = values.findIndex((v, i) =>
        Number.isNaN(v) !== (Math.floor(i / channels) === 1)
      );
      assert.equal(wrong, -1);
    }
    assert.ok(dWeight!.every(Number.isNaN));
  }
});

Deno.test("layerNorm() gives the same bits each time", async () => {
  const c = makeCase(300, 12);
  const first = await ours(c, true);
  for (let i = 0; i < 2; i++) assert.deepEqual((await ours(c, true)).values, first.values);
});

Deno.test("layerNorm() takes no rows, no tokens and no samples", async () => {
  const { shapes } = await compute(() => [
    layerNorm(tf.zeros([0, 3]), tf.ones([3]), tf.zeros([3])),
    layerNorm(tf.zeros([2, 0])),
    modulatedLayerNorm(tf.zeros([2, 0, 3]), tf.zeros([2, 3]), tf.zeros([2, 3])),
    modulatedLayerNorm(tf.zeros([0, 2, 3]), tf.zeros([0, 3]), tf.zeros([0, 3])),
  ]);
  assert.deepEqual(shapes, [[0, 3], [2, 0], [2, 0, 3], [0, 2, 3]]);
});

Deno.test("layerNorm() refuses weights that do not fit", () => {
  const x = tf.zeros([2, 3]);
  assert.throws(() => layerNorm(x, tf.ones([3])), {
    name: "RangeError",
    message: "Cannot normalise: weight and bias must have 3 values each, got 3 and none",
  });
  assert.throws(() => layerNorm(x, tf.ones([2]), tf.ones([2])), RangeError);
  assert.throws(() => modulatedLayerNorm(x, tf.ones([2, 3]), tf.ones([2, 3])), {
    name: "RangeError",
    message: "Cannot modulate: x must be (N, T, D), shift and scale (N, D), " +
      "got (2,3), (2,3) and (2,3)",
  });
});
