import { tf } from "../../../lib/deps.ts";
import { conv2dWithBias } from "../../../lib/engine/kernels/conv2d_layer.ts";
import type { Activation } from "../../../lib/engine/kernels/linear.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor, Tensor4D } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";
import { type ConvCase, type ConvInputs, definition, inputsOf, shapesOf } from "./conv_case.ts";

const PLAIN: ConvCase = {
  batch: 3,
  size: [7, 7],
  channels: [3, 5],
  filter: [3, 3],
  stride: [1, 1],
  pad: 1,
};

const CASES: Record<string, ConvCase> = {
  "3x3, 3 channels to 5": PLAIN,
  "one image, one channel": { ...PLAIN, batch: 1, channels: [1, 1] },
  "5x5, 1 channel to 32": { ...PLAIN, size: [12, 12], channels: [1, 32], filter: [5, 5], pad: 2 },
  "8 channels to 72": { ...PLAIN, channels: [8, 72] },
  "no padding": { ...PLAIN, pad: 0, batch: 30 },
  "stride 2": { ...PLAIN, stride: [2, 2], channels: [4, 8] },
  "1x1": { ...PLAIN, filter: [1, 1], pad: 0, channels: [16, 4] },
  "enough blocks for the batch to stay whole": {
    ...PLAIN,
    size: [5, 5],
    channels: [32, 70],
    filter: [5, 5],
    pad: 2,
  },
};

type Inputs = ConvInputs & { readonly bias: Float32Array };

function makeInputs(c: ConvCase, name: string): Inputs {
  const random = new Random(1, name);
  const bias = new Float32Array(c.channels[1]);
  random.fillUniform(bias, -1, 1);
  return { ...inputsOf(c, random), bias };
}

/** The output and the gradients of `x`, filter and bias, in float64. */
function expectedOf(c: ConvCase, inputs: Inputs, activation: Activation): Float64Array[] {
  const channels = c.channels[1];
  const y = definition(c, inputs).y.map((sum, i) => sum + inputs.bias[i % channels]!);
  const stopped = (i: number) => activation === "relu" && y[i]! <= 0;
  const dy = inputs.dy.map((d, i) => stopped(i) ? 0 : d);
  const dBias = new Float64Array(channels);
  dy.forEach((d, i) => dBias[i % channels]! += d);
  const { dx, dFilter } = definition(c, { ...inputs, dy });
  return [y.map((value, i) => stopped(i) ? 0 : value), dx, dFilter, dBias];
}

function tensors(c: ConvCase, inputs: Inputs): [Tensor, Tensor, Tensor, Tensor] {
  const shapes = shapesOf(c);
  return [
    tf.tensor(inputs.x, shapes.x),
    tf.tensor(inputs.filter, shapes.filter),
    tf.tensor(inputs.bias),
    tf.tensor(inputs.dy, shapes.dy),
  ];
}

const layerOf = (c: ConvCase, activation: Activation) => (x: Tensor, f: Tensor, bias: Tensor) =>
  conv2dWithBias(x as Tensor4D, f as Tensor4D, bias, c.stride[0], c.pad as number, activation);

function ours(c: ConvCase, inputs: Inputs, activation: Activation): Promise<Computed> {
  return compute(() => {
    const [x, filter, bias, dy] = tensors(c, inputs);
    const layer = layerOf(c, activation);
    return [layer(x, filter, bias), ...tf.grads(layer)([x, filter, bias], dy)];
  });
}

const tolerance = { rtol: 1e-5, atol: 5e-5 };

Deno.test("a convolution with bias and ReLU, and its gradients, equal their definition", async (t) => {
  for (const [name, c] of Object.entries(CASES)) {
    for (const activation of ["linear", "relu"] as const) {
      await t.step(`${name}, ${activation}`, async () => {
        const inputs = makeInputs(c, name);
        const { values, shapes } = await ours(c, inputs, activation);
        const { x, filter, dy } = shapesOf(c);
        assert.deepEqual(shapes, [dy, x, filter, [c.channels[1]]]);
        expectedOf(c, inputs, activation).forEach((expected, k) =>
          assertAllClose(values[k]!, expected, tolerance)
        );
      });
    }
  }
});

Deno.test("a convolution with bias gives any of its gradients without the others", async () => {
  const inputs = makeInputs(PLAIN, "some");
  const [, ...expected] = expectedOf(PLAIN, inputs, "relu");
  for (const wanted of [[0], [1], [2], [0, 1], [0, 2], [1, 2]]) {
    const { values } = await compute(() => {
      const [...all] = tensors(PLAIN, inputs);
      const dy = all.pop()!;
      const layer = (...some: Tensor[]) => {
        const [x, filter, bias] = all.map((own, k) => some[wanted.indexOf(k)] ?? own);
        return layerOf(PLAIN, "relu")(x!, filter!, bias!);
      };
      return tf.grads(layer)(wanted.map((k) => all[k]!), dy);
    });
    wanted.forEach((k, i) => assertAllClose(values[i]!, expected[k]!, tolerance));
  }
});

Deno.test("a convolution with bias has the bias's gradient's gradient, and refuses the filter's", async () => {
  const inputs = makeInputs(PLAIN, "twice");
  const twice = (k: 1 | 2) =>
    compute(() => {
      const all = tensors(PLAIN, inputs);
      const f = (own: Tensor) => {
        const [x, filter, bias] = all.map((tensor, i) => i === k ? own : tensor);
        return tf.sum(tf.square(layerOf(PLAIN, "relu")(x!, filter!, bias!)));
      };
      return [tf.grad((own: Tensor) => tf.sum(tf.square(tf.grad(f)(own))))(all[k])];
    });
  // With S = Σ y² of a channel, dS/db = 2 Σ y, and d/db (dS/db)² = 8 Σ y · (how many pass).
  const [y] = expectedOf(PLAIN, inputs, "relu");
  const expected = new Float64Array(5);
  const passing = new Float64Array(5);
  y!.forEach((value, i) => {
    expected[i % 5]! += value;
    if (value > 0) passing[i % 5]!++;
  });
  const { values: [second] } = await twice(2);
  assertAllClose(second!, expected.map((sum, k) => 8 * sum * passing[k]!), { rtol: 1e-4 });
  await assert.rejects(() => twice(1), /gradient function not found for Conv2DBackpropFilter/);
});

Deno.test("a convolution with bias keeps NaN", async () => {
  const inputs = makeInputs(PLAIN, "nan");
  inputs.x[0] = NaN;
  const { values } = await ours(PLAIN, inputs, "relu");
  expectedOf(PLAIN, inputs, "relu").forEach((expected, k) =>
    assertAllClose(values[k]!, expected, tolerance)
  );
  assert.equal(values[0]!.filter(Number.isNaN).length, 4 * 5);
});

Deno.test("a convolution with bias gives the same bits each time", async () => {
  const c: ConvCase = { ...PLAIN, size: [14, 14], channels: [8, 16], filter: [5, 5], batch: 40 };
  const inputs = makeInputs(c, "bits");
  const first = await ours(c, inputs, "relu");
  assert.deepEqual((await ours(c, inputs, "relu")).values, first.values);
});
