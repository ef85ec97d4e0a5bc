import { countCalls } from "../../../lib/bench/counts.ts";
import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { flush } from "../../../lib/engine/backend.ts";
import { activate } from "../../../lib/engine/kernels/activations.ts";
import { type Activation, activationCode } from "../../../lib/engine/kernels/activations_code.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";

/** The error function, by its series (Abramowitz and Stegun 7.1.6), to float64. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    sum += term *= (2 * x * x) / (2 * n + 1);
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Value and derivative in float64. */
function definition(activation: Activation, x: number): [value: number, derivative: number] {
  switch (activation.name) {
    case "gelu": {
      const weight = (1 + erf(x * Math.SQRT1_2)) / 2;
      return [x * weight, weight + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI)];
    }
    case "geluTanh": {
      const factor = Math.sqrt(2 / Math.PI);
      const t = Math.tanh(factor * (x + 0.044715 * x ** 3));
      const slope = factor * (1 + 3 * 0.044715 * x * x);
      return [0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope];
    }
    case "silu": {
      const s = sigmoid(x);
      return [x * s, s * (1 + x * (1 - s))];
    }
    case "tanh":
      return [Math.tanh(x), 1 - Math.tanh(x) ** 2];
    case "leakyRelu":
      return x > 0 ? [x, 1] : [activation.slope * x, activation.slope];
  }
}

const ACTIVATIONS: readonly Activation[] = [
  { name: "gelu" },
  { name: "geluTanh" },
  { name: "silu" },
  { name: "tanh" },
  { name: "leakyRelu", slope: 0.2 },
];

const isSmooth = ({ name }: Activation) => name !== "leakyRelu";

function run(x: Float32Array, dy: Float32Array, layer: (x: Tensor) => Tensor): Promise<Computed> {
  return compute(() => {
    const input = tf.tensor1d(x);
    return [layer(input), tf.grad(layer)(input, tf.tensor1d(dy))];
  });
}

Deno.test("activate() and its gradient equal their definition", async (t) => {
  for (const activation of ACTIVATIONS) {
    await t.step(activation.name, async () => {
      // Four at a time and one by one.
      for (const size of [4096, 2049]) {
        const random = new Random(1, activation.name);
        const [x, dy] = [new Float32Array(size), new Float32Array(size)];
        random.fillNormal(x, 0, 3);
        random.fillUniform(dy, -1, 1);
        const { values: [y, dx] } = await run(x, dy, (x) => activate(x, activation));
        const expected = Array.from(x, (value) => definition(activation, value));
        assertAllClose(y!, expected.map(([value]) => value), { rtol: 1e-6, atol: 1e-7 });
        assertAllClose(
          dx!,
          expected.map(([, derivative], i) => derivative * dy[i]!),
          { rtol: 2e-6, atol: 2e-7 },
        );
      }
    });
  }
});

Deno.test("activate() equals tfjs's operations, and can be differentiated twice", async () => {
  const x = new Float32Array(40);
  new Random(2).fillUniform(x, -4, 4);
  for (const activation of ACTIVATIONS) {
    const { values } = await compute(() => {
      const input = tf.tensor1d(x);
      const layers = [(x: Tensor) => activate(x, activation), activationCode(activation).plain];
      return layers.flatMap((layer) => {
        const slope = tf.grad((x: Tensor) => tf.sum(tf.mul(layer(x), x)));
        return [layer(input), slope(input), tf.grad((x: Tensor) => tf.sum(slope(x)))(input)];
      });
    });
    for (const k of [0, 1, 2]) {
      // tfjs's erf is good to 1.5e-7, and its derivatives are those of the exact one.
      assertAllClose(values[k]!, values[k + 3]!, { rtol: 1e-5, atol: 2e-6 });
    }
    assert.ok(values[2]!.some((value) => Math.abs(value) > 0.3));
  }
});

Deno.test("activate() keeps NaN and takes infinities and large numbers to the limits", async () => {
  const x = Float32Array.of(NaN, -Infinity, -1e30, -200, -30, 30, 200, 1e30, Infinity);
  const dy = new Float32Array(x.length).fill(2);
  for (const activation of ACTIVATIONS) {
    const { values: [y, dx] } = await run(x, dy, (x) => activate(x, activation));
    assert.ok(Number.isNaN(y![0]), activation.name);
    const limits = activation.name === "tanh"
      ? Array.from(x, Math.sign)
      : Array.from(x, (value) => value > 0 ? value : isSmooth(activation) ? 0 : 0.2 * value);
    assertAllClose(y!.subarray(1), limits.slice(1), { rtol: 1e-6, atol: 1e-11 });
    if (!isSmooth(activation)) continue;
    assert.ok(Number.isNaN(dx![0]), activation.name);
    const slopes = Array.from(x, (value) => activation.name !== "tanh" && value > 0 ? 2 : 0);
    assertAllClose(dx!.subarray(1), slopes.slice(1), { atol: 1e-11 });
  }
});

Deno.test("leakyRelu has PyTorch's derivative at 0 and at NaN, its slope", async () => {
  const x = Float32Array.of(0, -0, NaN);
  const { values: [, dx] } = await run(
    x,
    new Float32Array(3).fill(1),
    (x) => activate(x, { name: "leakyRelu", slope: 0.5 }),
  );
  assert.deepEqual([...dx!], [0.5, 0.5, 0.5]);
});

Deno.test("activate() takes any shape and no values at all", async () => {
  const { shapes } = await compute(() =>
    [[], [3], [2, 3, 1, 2], [0, 4]].map((shape) => activate(tf.zeros(shape), { name: "gelu" }))
  );
  assert.deepEqual(shapes, [[], [3], [2, 3, 1, 2], [0, 4]]);
});

Deno.test("an activation is one dispatch forward and one backward", async () => {
  await openDevice();
  const x = tf.ones([6, 8]);
  const count = async (work: () => unknown) => {
    flush();
    const { dispatches } = await countCalls(() => {
      tf.tidy(() => void work());
      flush();
    });
    return dispatches;
  };
  for (const activation of ACTIVATIONS) {
    const layer = (x: Tensor) => activate(x, activation);
    assert.equal(await count(() => layer(x)), 1);
    assert.equal(await count(() => tf.grad(layer)(x, x)), 2);
  }
});
