import { countCalls } from "../../../lib/bench/counts.ts";
import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { flush } from "../../../lib/engine/backend.ts";
import { attention, plainAttention } from "../../../lib/engine/kernels/attention.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";
import { ownLanes } from "../own_lanes.ts";

interface Inputs {
  readonly batch: number;
  readonly tokens: number;
  readonly heads: number;
  readonly dim: number;
  readonly scale: number;
  readonly qkv: Float32Array;
  readonly dy: Float32Array;
}

type Size = readonly [batch: number, tokens: number, heads: number, dim: number];

function makeInputs(
  [batch, tokens, heads, dim]: Size,
  { scale = 1 / Math.sqrt(dim), range = 2 } = {},
): Inputs {
  const random = new Random(1, "attention", batch, tokens, heads, dim);
  const qkv = new Float32Array(batch * tokens * 3 * heads * dim);
  const dy = new Float32Array(batch * tokens * heads * dim);
  random.fillUniform(qkv, -range, range);
  random.fillUniform(dy, -1, 1);
  return { batch, tokens, heads, dim, scale, qkv, dy };
}

/** The output and the gradient of `qkv`, in float64. */
function definition(c: Inputs): [output: Float64Array, gradient: Float64Array] {
  const { tokens, heads, dim, scale, qkv, dy } = c;
  const width = heads * dim;
  const output = new Float64Array(dy.length);
  const gradient = new Float64Array(qkv.length);
  for (let n = 0; n < c.batch; n++) {
    for (let h = 0; h < heads; h++) {
      const at = (token: number, part: number) =>
        (n * tokens + token) * 3 * width + part * width + h * dim;
      const to = (token: number) => (n * tokens + token) * width + h * dim;
      const dot = (a: ArrayLike<number>, i: number, b: ArrayLike<number>, j: number) => {
        let sum = 0;
        for (let d = 0; d < dim; d++) sum += a[i + d]! * b[j + d]!;
        return sum;
      };
      for (let i = 0; i < tokens; i++) {
        const scores = Array.from(
          { length: tokens },
          (_, j) => scale * dot(qkv, at(i, 0), qkv, at(j, 1)),
        );
        const largest = Math.max(...scores);
        const exponentials = scores.map((score) => Math.exp(score - largest));
        const total = exponentials.reduce((a, b) => a + b);
        const p = exponentials.map((value) => value / total);
        const dp = p.map((_, j) => dot(dy, to(i), qkv, at(j, 2)));
        const mean = p.reduce((sum, value, j) => sum + value * dp[j]!, 0);
        p.forEach((value, j) => {
          const ds = scale * value * (dp[j]! - mean);
          for (let d = 0; d < dim; d++) {
            output[to(i) + d]! += value * qkv[at(j, 2) + d]!;
            gradient[at(i, 0) + d]! += ds * qkv[at(j, 1) + d]!;
            gradient[at(j, 1) + d]! += ds * qkv[at(i, 0) + d]!;
            gradient[at(j, 2) + d]! += value * dy[to(i) + d]!;
          }
        });
      }
    }
  }
  return [output, gradient];
}

function run(c: Inputs, layer: (qkv: Tensor) => Tensor): Promise<Computed> {
  return compute(() => {
    const qkv = tf.tensor(c.qkv, [c.batch, c.tokens, 3 * c.heads * c.dim]);
    const dy = tf.tensor(c.dy, [c.batch, c.tokens, c.heads * c.dim]);
    return [layer(qkv), tf.grad(layer)(qkv, dy)];
  });
}

const ours = (c: Inputs) => run(c, (qkv) => attention(qkv, c.heads, { scale: c.scale }));

function checkAll(values: readonly ArrayLike<number>[], c: Inputs): void {
  const tolerance = { rtol: 1e-5, atol: 5e-6 * c.scale * Math.sqrt(c.dim) };
  definition(c).forEach((expected, k) => assertAllClose(values[k]!, expected, tolerance));
}

const SIZES: readonly Size[] = [
  [1, 1, 1, 1],
  [2, 1, 3, 4],
  [3, 5, 2, 3],
  [2, 7, 3, 5],
  [5, 6, 4, 8],
  // More rows than an invocation owns, and not a multiple.
  [2, 35, 1, 4],
  [1, 33, 2, 1],
  [1, 2, 1, 65],
];

Deno.test("attention() and its gradient equal their definition", async (t) => {
  for (const size of SIZES) {
    await t.step(size.join("x"), async () => {
      const c = makeInputs(size);
      const { values, shapes } = await ours(c);
      const [batch, tokens, heads, dim] = size;
      assert.deepEqual(shapes, [[batch, tokens, heads * dim], [batch, tokens, 3 * heads * dim]]);
      checkAll(values, c);
    });
  }
});

Deno.test("attention() is the same with one row per invocation, as on a GPU", async () => {
  const c = makeInputs([3, 11, 2, 8]);
  await openDevice();
  suitLanes({ software: false });
  try {
    checkAll((await ours(c)).values, c);
  } finally {
    await ownLanes();
  }
});

Deno.test("attention() equals tfjs's operations, also with a scale of one's own", async () => {
  for (const scale of [undefined, -0.7]) {
    const c = makeInputs([2, 9, 2, 4], scale === undefined ? {} : { scale });
    const own = await run(c, (qkv) => attention(qkv, 2, scale === undefined ? {} : { scale }));
    const plain = await run(c, (qkv) => plainAttention(qkv, 2, c.scale));
    plain.values.forEach((expected, k) =>
      assertAllClose(own.values[k]!, expected, { rtol: 1e-5, atol: 1e-5 })
    );
  }
});

Deno.test("attention() takes large products without overflow", async () => {
  const c = makeInputs([2, 6, 2, 4], { range: 40 });
  const { values } = await ours(c);
  const [output, gradient] = definition(c);
  assertAllClose(values[0]!, output, { rtol: 1e-4, atol: 1e-3 });
  assertAllClose(values[1]!, gradient, { rtol: 1e-3, atol: 1e-2 });
});

Deno.test("attention() keeps NaN, in the rows that depend on it", async () => {
  const [batch, tokens, heads, dim] = [2, 5, 2, 4];
  const width = heads * dim;
  // Sequence 1, head 1, value 2.
  const at = (token: number, part: number) => (tokens + token) * 3 * width + part * width + dim + 2;
  const isIn = (i: number, token?: number, value?: number) => {
    const row = Math.floor(i / width);
    return row >= tokens && i % width >= dim && (token === undefined || row % tokens === token) &&
      (value === undefined || i % dim === value);
  };
  const cases: [number, (i: number) => boolean][] = [
    [at(3, 0), (i) => isIn(i, 3)],
    [at(3, 1), (i) => isIn(i)],
    [at(3, 2), (i) => isIn(i, undefined, 2)],
  ];
  for (const [place, expected] of cases) {
    const c = makeInputs([batch, tokens, heads, dim]);
    c.qkv[place] = NaN;
    const { values: [output, gradient] } = await ours(c);
    output!.forEach((value, i) => assert.equal(Number.isNaN(value), expected(i), `at ${i}`));
    const half = gradient!.length / 2;
    assert.ok(gradient!.subarray(0, half).every((value) => !Number.isNaN(value)));
    assert.ok(gradient!.subarray(half).some((value) => Number.isNaN(value)));
  }
});

Deno.test("attention() can be differentiated twice", async () => {
  const c = makeInputs([2, 4, 2, 3]);
  const { values: [own, plain] } = await compute(() => {
    const qkv = tf.tensor(c.qkv, [2, 4, 18]);
    const layers = [
      (x: Tensor) => attention(x, 2),
      (x: Tensor) => plainAttention(x, 2, c.scale),
    ];
    return layers.map((layer) => {
      const slope = tf.grad((x: Tensor) => tf.sum(tf.square(layer(x))));
      return tf.grad((x: Tensor) => tf.sum(tf.square(slope(x))))(qkv);
    });
  });
  assert.ok(plain!.some((value) => Math.abs(value) > 0.1));
  assertAllClose(own!, plain!, { rtol: 1e-4, atol: 1e-4 });
});

Deno.test("attention() takes no sequences, and none of any length", async () => {
  const { shapes } = await compute(() =>
    [[0, 3, 12], [2, 0, 12]].map((shape) => attention(tf.zeros(shape), 2))
  );
  assert.deepEqual(shapes, [[0, 3, 4], [2, 0, 4]]);
});

Deno.test("attention() refuses rows that its heads do not cut", async () => {
  await openDevice();
  const cases: [number[], number][] = [[[2, 3, 10], 2], [[6, 12], 2], [[2, 3, 12], 0], [
    [2, 3, 12],
    1.5,
  ]];
  for (const [shape, heads] of cases) {
    assert.throws(() => attention(tf.zeros(shape), heads), {
      name: "RangeError",
      message: new RegExp(`^Cannot attend with ${heads} heads: .* got \\(${shape.join(", ")}\\)$`),
    });
  }
});

Deno.test("attention() gives the same bits each time, and leaves no tensor behind", async () => {
  const c = makeInputs([5, 6, 4, 8]);
  const first = await ours(c);
  for (let i = 0; i < 2; i++) assert.deepEqual((await ours(c)).values, first.values);
  const before = tf.memory().numTensors;
  const qkv = tf.tensor(c.qkv, [5, 6, 96]);
  const output = attention(qkv, 4);
  const gradient = tf.grad((x: Tensor) => attention(x, 4))(qkv);
  assert.equal(tf.memory().numTensors, before + 3);
  tf.dispose([qkv, output, gradient]);
});

Deno.test("attention() is one dispatch forward and two backward", async () => {
  await openDevice();
  const qkv = tf.ones([2, 6, 24]);
  const dy = tf.ones([2, 6, 8]);
  const layer = (x: Tensor) => attention(x, 1);
  const count = async (work: () => unknown) => {
    flush();
    const { dispatches } = await countCalls(() => {
      tf.tidy(() => void work());
      flush();
    });
    return dispatches;
  };
  assert.equal(await count(() => layer(qkv)), 1);
  assert.equal(await count(() => tf.grad(layer)(qkv, dy)), 3);
});
