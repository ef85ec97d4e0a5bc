import { tf } from "../../../lib/deps.ts";
import { gru } from "../../../lib/engine/kernels/gru.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { openDevice } from "../../../lib/device.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";
import { ownLanes } from "../own_lanes.ts";

interface Case {
  readonly count: number;
  readonly steps: number;
  readonly hidden: number;
  /** Whether only the last state is wanted. */
  readonly last: boolean;
  readonly projected: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** The state before the first step. */
  readonly initial?: Float32Array;
  readonly dy: Float32Array;
}

function makeCase(
  [count, steps, hidden]: readonly [number, number, number],
  last: boolean,
  withInitial: boolean,
): Case {
  const random = new Random(1, "gru", count, steps, hidden);
  const draw = (size: number, bound: number) => {
    const values = new Float32Array(size);
    random.fillUniform(values, -bound, bound);
    return values;
  };
  return {
    count,
    steps,
    hidden,
    last,
    projected: draw(count * steps * 3 * hidden, 2),
    weight: draw(hidden * 3 * hidden, 2 / Math.sqrt(hidden)),
    bias: draw(3 * hidden, 1),
    ...(withInitial && { initial: draw(count * hidden, 1) }),
    dy: draw(count * (last ? 1 : steps) * hidden, 1),
  };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The output and the gradients of projected, weight, bias and initial state, in float64. */
function definition(c: Case): Float64Array[] {
  const { count, steps, hidden: H } = c;
  const output = new Float64Array(c.dy.length);
  const dProjected = new Float64Array(c.projected.length);
  const dWeight = new Float64Array(c.weight.length);
  const dBias = new Float64Array(c.bias.length);
  const dInitial = new Float64Array(count * H);
  const units = Array.from({ length: H }, (_, j) => j);
  for (let row = 0; row < count; row++) {
    const states = [units.map((j) => c.initial?.[row * H + j] ?? 0)];
    const gates: { r: number; z: number; n: number; q: number }[][] = [];
    for (let t = 0; t < steps; t++) {
      const h = states[t]!;
      const at = (row * steps + t) * 3 * H;
      const product = (column: number) =>
        h.reduce((sum, x, k) => sum + x * c.weight[k * 3 * H + column]!, c.bias[column]!);
      gates.push(units.map((j) => {
        const r = sigmoid(c.projected[at + j]! + product(j));
        const z = sigmoid(c.projected[at + H + j]! + product(H + j));
        const q = product(2 * H + j);
        return { r, z, n: Math.tanh(c.projected[at + 2 * H + j]! + r * q), q };
      }));
      states.push(gates[t]!.map(({ z, n }, j) => (1 - z) * n + z * h[j]!));
      if (c.last) output.set(states[t + 1]!, row * H);
      else output.set(states[t + 1]!, (row * steps + t) * H);
    }
    let dh = units.map(() => 0);
    for (let t = steps - 1; t >= 0; t--) {
      const given = (j: number) => {
        if (c.last) return t === steps - 1 ? c.dy[row * H + j]! : 0;
        return c.dy[(row * steps + t) * H + j]!;
      };
      dh = dh.map((d, j) => d + given(j));
      const h = states[t]!;
      const recurrent = new Float64Array(3 * H);
      gates[t]!.forEach(({ r, z, n, q }, j) => {
        const dn = dh[j]! * (1 - z) * (1 - n * n);
        const dz = dh[j]! * (h[j]! - n) * z * (1 - z);
        const dr = dn * q * r * (1 - r);
        const at = (row * steps + t) * 3 * H + j;
        [dr, dz, dn].forEach((d, gate) => dProjected[at + gate * H] = d);
        [dr, dz, dn * r].forEach((d, gate) => recurrent[gate * H + j] = d);
      });
      recurrent.forEach((d, column) => {
        dBias[column]! += d;
        for (const k of units) dWeight[k * 3 * H + column]! += h[k]! * d;
      });
      dh = dh.map((d, k) =>
        recurrent.reduce(
          (sum, x, column) => sum + x * c.weight[k * 3 * H + column]!,
          d * gates[t]![k]!.z,
        )
      );
    }
    dInitial.set(dh, row * H);
  }
  return [output, dProjected, dWeight, dBias, ...(c.initial ? [dInitial] : [])];
}

function tensors(c: Case): { inputs: Tensor[]; dy: Tensor } {
  const { count, steps, hidden } = c;
  return {
    inputs: [
      tf.tensor(c.projected, [count, steps, 3 * hidden]),
      tf.tensor(c.weight, [hidden, 3 * hidden]),
      tf.tensor(c.bias),
      ...(c.initial ? [tf.tensor(c.initial, [count, hidden])] : []),
    ],
    dy: tf.tensor(c.dy, c.last ? [count, hidden] : [count, steps, hidden]),
  };
}

type Recurrence = (...inputs: Tensor[]) => Tensor;

function recurrence({ last }: Case): Recurrence {
  return (projected, weight, bias, initial) => gru(projected!, weight!, bias!, { initial, last });
}

/** The same from tfjs's own operations. */
function plain({ count, steps, hidden, last }: Case): Recurrence {
  return (projected, weight, bias, initial) => {
    let h = initial ?? tf.zeros([count, hidden]);
    const states: Tensor[] = [];
    for (let t = 0; t < steps; t++) {
      const a = tf.slice(projected!, [0, t, 0], [count, 1, 3 * hidden]);
      const [ar, az, an] = tf.split(tf.reshape(a, [count, 3 * hidden]), 3, 1) as Three;
      const [hr, hz, q] = tf.split(tf.add(tf.matMul(h, weight!), bias!), 3, 1) as Three;
      const r = tf.sigmoid(tf.add(ar, hr));
      const z = tf.sigmoid(tf.add(az, hz));
      const n = tf.tanh(tf.add(an, tf.mul(r, q)));
      h = tf.add(n, tf.mul(z, tf.sub(h, n)));
      states.push(h);
    }
    return last ? h : tf.stack(states, 1);
  };
}

type Three = [Tensor, Tensor, Tensor];

function run(c: Case, make: (c: Case) => Recurrence = recurrence): Promise<Computed> {
  return compute(() => {
    const { inputs, dy } = tensors(c);
    return [make(c)(...inputs), ...tf.grads(make(c))(inputs, dy)];
  });
}

function checkAll({ values }: Computed, expected: readonly ArrayLike<number>[]): void {
  assert.equal(values.length, expected.length);
  expected.forEach((e, k) => assertAllClose(values[k]!, e, { rtol: 1e-4, atol: 1e-5 }));
}

const CASES: readonly Case[] = [
  makeCase([1, 1, 1], true, true),
  makeCase([3, 4, 5], true, false),
  makeCase([3, 4, 5], true, true),
  makeCase([3, 4, 5], false, false),
  makeCase([3, 4, 5], false, true),
  // Two workgroups, the second with one row.
  makeCase([17, 3, 9], false, true),
  // More units than an invocation computes together.
  makeCase([2, 2, 259], true, true),
];

const named = ({ count, steps, hidden, last, initial }: Case) =>
  `${count}x${steps}x${hidden}${last ? ", last" : ""}${initial ? ", initial state" : ""}`;

Deno.test("gru() and its gradients equal their definition", async (t) => {
  for (const c of CASES) {
    await t.step(named(c), async () => {
      const computed = await run(c);
      const { count, steps, hidden } = c;
      const expected = [
        c.last ? [count, hidden] : [count, steps, hidden],
        [count, steps, 3 * hidden],
        [hidden, 3 * hidden],
        [3 * hidden],
        ...(c.initial ? [[count, hidden]] : []),
      ];
      assert.deepEqual(computed.shapes, expected);
      checkAll(computed, definition(c));
    });
  }
});

Deno.test("gru() is right in workgroups as wide as a GPU's", async () => {
  await openDevice();
  suitLanes({ software: false });
  try {
    // An odd and an even number of steps, whose values change places in workgroup memory; the gradient
    // of 700 units does not fit there.
    for (const sizes of [[3, 3, 70], [5, 4, 70], [1, 2, 6], [2, 2, 700]] as const) {
      const c = makeCase([...sizes], false, true);
      checkAll(await run(c), definition(c));
    }
  } finally {
    await ownLanes();
  }
});

Deno.test("gru() equals a plain composition and its tape", async () => {
  for (const last of [true, false]) {
    const c = makeCase([3, 4, 5], last, true);
    checkAll(await run(c), (await run(c, plain)).values);
  }
});

Deno.test("gru() neither overflows nor loses a digit where its gates saturate", async () => {
  const c = makeCase([3, 4, 5], false, true);
  [3e38, -3e38, 1000, -1000, 88, -88, 1e-30].forEach((x, i) => c.projected[7 * i] = x);
  checkAll(await run(c), definition(c));
});

Deno.test("gru() keeps NaN, in its row and from its step on", async () => {
  const c = makeCase([3, 4, 5], false, true);
  // Each of the gates of unit 2, in row 1 and step 2.
  for (const gate of [0, 1, 2]) {
    const projected = Float32Array.from(c.projected);
    projected[(1 * 4 + 2) * 15 + gate * 5 + 2] = NaN;
    const { values: [output] } = await run({ ...c, projected });
    output!.forEach((h, i) => {
      const [row, step, unit] = [Math.floor(i / 20), Math.floor(i / 5) % 4, i % 5];
      assert.equal(Number.isNaN(h), row === 1 && (step === 3 || step === 2 && unit === 2));
    });
  }
});

Deno.test("gru() refuses what it cannot compute", async () => {
  await openDevice();
  const call = (shapes: number[][], initial?: number[]) => () =>
    tf.tidy(() => {
      const [projected, weight, bias] = shapes.map((shape) => tf.zeros(shape)) as Three;
      return gru(projected, weight, bias, { initial: initial && tf.zeros(initial) }).shape;
    });
  const refusals: [string, () => unknown][] = [
    ["no steps", call([[2, 0, 9], [3, 9], [9]])],
    ["another width", call([[2, 1, 8], [3, 9], [9]])],
    ["another rank", call([[2, 9], [3, 9], [9]])],
    ["another initial state", call([[2, 1, 9], [3, 9], [9]], [1, 3])],
  ];
  for (const [what, refused] of refusals) {
    assert.throws(refused, { name: "RangeError", message: /^Cannot run a GRU: / }, what);
  }
  assert.deepEqual(call([[0, 4, 9], [3, 9], [9]])(), [0, 4, 3]);
});

Deno.test("gru() cannot be differentiated twice, and says so", async () => {
  await openDevice();
  const { inputs: [projected, weight, bias] } = tensors(makeCase([3, 4, 5], true, false));
  const slope = (x: Tensor) =>
    tf.grad((x: Tensor) => tf.sum(gru(x, weight!, bias!, { last: true })))(x);
  assert.throws(
    () => tf.tidy(() => tf.grad((x: Tensor) => tf.sum(tf.square(slope(x))))(projected!)),
    { name: "RangeError", message: /^Cannot differentiate a GRU twice/ },
  );
});

Deno.test("gru() gives the same bits each time", async () => {
  const c = makeCase([17, 3, 9], false, true);
  const first = await run(c);
  for (let i = 0; i < 2; i++) assert.deepEqual((await run(c)).values, first.values);
});
