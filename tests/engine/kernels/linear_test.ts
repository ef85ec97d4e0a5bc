import { tf } from "../../../lib/deps.ts";
import { type Activation, linear } from "../../../lib/engine/kernels/linear.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";

interface Inputs {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly x: Float32Array;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly dy: Float32Array;
}

function makeInputs(rows: number, inputs: number, outputs: number): Inputs {
  const random = new Random(1, "linear", rows, inputs, outputs);
  const [x, weight, bias, dy] = [rows * inputs, inputs * outputs, outputs, rows * outputs].map(
    (size) => {
      const values = new Float32Array(size);
      random.fillUniform(values, -1, 1);
      return values;
    },
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  return { rows, inputs, outputs, x, weight, bias, dy };
}

/** The output and the gradients of `x`, weight and bias, in float64. */
function definition(c: Inputs, activation: Activation): Float64Array[] {
  const y = new Float64Array(c.rows * c.outputs);
  const dx = new Float64Array(c.x.length);
  const dWeight = new Float64Array(c.weight.length);
  const dBias = new Float64Array(c.outputs);
  for (let n = 0; n < c.rows; n++) {
    for (let o = 0; o < c.outputs; o++) {
      const at = n * c.outputs + o;
      let sum = c.bias[o]!;
      for (let i = 0; i < c.inputs; i++) {
        sum += c.x[n * c.inputs + i]! * c.weight[i * c.outputs + o]!;
      }
      const stopped = activation === "relu" && sum <= 0;
      y[at] = stopped ? 0 : sum;
      if (stopped) continue;
      dBias[o]! += c.dy[at]!;
      for (let i = 0; i < c.inputs; i++) {
        dx[n * c.inputs + i]! += c.dy[at]! * c.weight[i * c.outputs + o]!;
        dWeight[i * c.outputs + o]! += c.dy[at]! * c.x[n * c.inputs + i]!;
      }
    }
  }
  return [y, dx, dWeight, dBias];
}

function tensors(c: Inputs): [x: Tensor, weight: Tensor, bias: Tensor, dy: Tensor] {
  return [
    tf.tensor(c.x, [c.rows, c.inputs]),
    tf.tensor(c.weight, [c.inputs, c.outputs]),
    tf.tensor(c.bias),
    tf.tensor(c.dy, [c.rows, c.outputs]),
  ];
}

function ours(c: Inputs, activation: Activation): Promise<Computed> {
  return compute(() => {
    const [x, weight, bias, dy] = tensors(c);
    const layer = (x: Tensor, weight: Tensor, bias: Tensor) => linear(x, weight, bias, activation);
    return [layer(x, weight, bias), ...tf.grads(layer)([x, weight, bias], dy)];
  });
}

const tolerance = (terms: number) => ({ rtol: 1e-5, atol: 2e-6 * Math.sqrt(terms) });

function checkAll(values: readonly ArrayLike<number>[], c: Inputs, activation: Activation): void {
  const terms = Math.max(c.rows, c.inputs, c.outputs);
  definition(c, activation).forEach((expected, k) =>
    assertAllClose(values[k]!, expected, tolerance(terms))
  );
}

const SIZES: readonly [number, number, number][] = [
  [1, 1, 1],
  [1, 7, 5],
  [64, 64, 10],
  [5, 12, 8],
  [17, 33, 65],
  [3, 130, 4],
  [64, 12, 64],
  // More than 2^20 products: in dispatches of their own.
  [65, 131, 129],
  [64, 256, 72],
  // Long sums over the rows with few weights: in slices, with the gradient of x and without.
  [1024, 32, 32],
  [1101, 33, 31],
];

Deno.test("linear() and its gradients equal their definition", async (t) => {
  for (const size of SIZES) {
    for (const activation of ["linear", "relu"] as const) {
      await t.step(`${size.join("x")}, ${activation}`, async () => {
        const c = makeInputs(...size);
        const { values, shapes } = await ours(c, activation);
        const [rows, inputs, outputs] = size;
        assert.deepEqual(shapes, [[rows, outputs], [rows, inputs], [inputs, outputs], [outputs]]);
        checkAll(values, c, activation);
      });
    }
  }
});

Deno.test("linear() gives any of its gradients without the others", async () => {
  for (const size of [[9, 6, 5], [65, 131, 129]] as [number, number, number][]) {
    const c = makeInputs(...size);
    const [, ...expected] = definition(c, "relu");
    for (const wanted of [[0], [1], [2], [0, 1], [0, 2], [1, 2]]) {
      const { values } = await compute(() => {
        const [...inputs] = tensors(c);
        const dy = inputs.pop()!;
        const layer = (...some: Tensor[]) => {
          const [x, weight, bias] = inputs.map((own, k) => some[wanted.indexOf(k)] ?? own);
          return linear(x!, weight!, bias!, "relu");
        };
        return tf.grads(layer)(wanted.map((k) => inputs[k]!), dy);
      });
      wanted.forEach((k, i) => assertAllClose(values[i]!, expected[k]!, tolerance(131)));
    }
  }
});

Deno.test("linear() adds up the gradients of what it is given twice", async () => {
  const c = makeInputs(6, 5, 5);
  const { values: [ours, plain] } = await compute(() => {
    const [x, weight, bias] = tensors(c);
    const twice = (layer: (x: Tensor) => Tensor) => tf.sum(layer(layer(x)));
    const own = (weight: Tensor, bias: Tensor) => twice((x) => linear(x, weight, bias));
    const plain = (weight: Tensor, bias: Tensor) =>
      twice((x) => tf.add(tf.matMul(x, weight), bias));
    return [own, plain].map((f) => tf.concat(tf.grads(f)([weight, bias]).map((g) => g.flatten())));
  });
  assertAllClose(ours!, plain!, { rtol: 1e-5, atol: 1e-5 });
});

Deno.test("linear() can be differentiated twice", async () => {
  const c = makeInputs(6, 5, 7);
  const { values: [ours, plain] } = await compute(() => {
    const [x, weight, bias] = tensors(c);
    const layers = [
      (x: Tensor, w: Tensor) => linear(x, w, bias, "relu"),
      (x: Tensor, w: Tensor) => tf.relu(tf.add(tf.matMul(x, w), bias)),
    ];
    return layers.map((layer) => {
      // The norm of a gradient, as in a gradient penalty.
      const slope = (w: Tensor) => tf.grad((x: Tensor) => tf.sum(tf.square(layer(x, w))))(x);
      return tf.grad((w: Tensor) => tf.sum(tf.square(slope(w))))(weight);
    });
  });
  assert.ok(plain!.some((value) => Math.abs(value) > 1));
  assertAllClose(ours!, plain!, { rtol: 1e-4, atol: 1e-4 });
});

Deno.test("linear() keeps NaN", async () => {
  const c = makeInputs(9, 6, 11);
  c.x[4 * 6 + 2] = NaN;
  for (const activation of ["linear", "relu"] as const) {
    const { values } = await ours(c, activation);
    checkAll(values, c, activation);
    values[0]!.forEach((y, i) => assert.equal(Number.isNaN(y), Math.floor(i / 11) === 4));
    // The gradient of the weights of input 2 sees it.
    values[2]!.forEach((g, i) => assert.equal(Number.isNaN(g), Math.floor(i / 11) === 2));
  }
});

Deno.test("linear() takes no rows", async () => {
  const { shapes } = await compute(() => [
    linear(tf.zeros([0, 3]), tf.zeros([3, 2]), tf.zeros([2]), "relu"),
  ]);
  assert.deepEqual(shapes, [[0, 2]]);
});

Deno.test("linear() gives the same bits each time", async () => {
  const c = makeInputs(64, 131, 129);
  const first = await ours(c, "relu");
  for (let i = 0; i < 2; i++) assert.deepEqual((await ours(c, "relu")).values, first.values);
});
