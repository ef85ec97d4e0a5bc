import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import {
  convTranspose2d,
  convTranspose2dGradient,
  convTranspose2dKernel,
  convTranspose2dPlain,
} from "../../../lib/engine/kernels/conv_transpose2d.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import type { Activation } from "../../../lib/engine/kernels/linear.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor, Tensor4D } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";
import { type ConvCase, definition, type Shape } from "./conv_case.ts";
import { ownLanes } from "../own_lanes.ts";

if (!tf.getKernel(convTranspose2dKernel.kernelName, "webgpu")) {
  tf.registerKernel(convTranspose2dKernel);
  tf.registerGradient(convTranspose2dGradient);
}

/** A transposed convolution; pairs are (height, width). */
interface Case {
  readonly batch: number;
  /** Of the input. */
  readonly size: readonly [number, number];
  readonly channels: readonly [input: number, output: number];
  readonly filter: readonly [number, number];
  readonly stride: number;
  readonly padding: number;
  readonly outputPadding?: number;
  readonly activation?: Activation;
}

const PLAIN: Case = {
  batch: 2,
  size: [4, 5],
  channels: [3, 5],
  filter: [4, 4],
  stride: 2,
  padding: 1,
};

const CASES: Record<string, Case> = {
  "4x4, stride 2, padding 1": PLAIN,
  "the same, 8 channels to 16": { ...PLAIN, channels: [8, 16] },
  "the same, 10 channels to 10": { ...PLAIN, channels: [10, 10], batch: 1 },
  "2x2, stride 2": { ...PLAIN, filter: [2, 2], padding: 0, channels: [5, 3] },
  "7x7 from one pixel": { ...PLAIN, size: [1, 1], filter: [7, 7], padding: 0, stride: 1, batch: 5 },
  "7x7 from one pixel, 8 channels": {
    ...PLAIN,
    size: [1, 1],
    filter: [7, 7],
    padding: 0,
    stride: 1,
    channels: [8, 12],
  },
  "3x3, stride 2, output padding 1": { ...PLAIN, filter: [3, 3], outputPadding: 1 },
  "3x3, stride 1": { ...PLAIN, filter: [3, 3], stride: 1 },
  "2x3, stride 3, output padding 2": { ...PLAIN, filter: [2, 3], stride: 3, outputPadding: 2 },
  "5x2, stride 2, no padding": { ...PLAIN, filter: [5, 2], padding: 0 },
  "a stride beyond the filter": { ...PLAIN, filter: [1, 1], stride: 3, padding: 0 },
  "1x1": { ...PLAIN, filter: [1, 1], stride: 1, padding: 0, channels: [6, 10] },
  "one image, one channel": { ...PLAIN, batch: 1, channels: [1, 1] },
};

interface Inputs {
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly bias: Float32Array;
  readonly dy: Float32Array;
}

/** The convolution from the output to the input. */
function convolutionOf(c: Case): ConvCase {
  const along = (axis: 0 | 1) =>
    (c.size[axis] - 1) * c.stride - 2 * c.padding + c.filter[axis] + (c.outputPadding ?? 0);
  return {
    batch: c.batch,
    size: [along(0), along(1)],
    channels: [c.channels[1], c.channels[0]],
    filter: c.filter,
    stride: [c.stride, c.stride],
    pad: c.padding,
  };
}

function shapesOf(c: Case): Record<"x" | "filter" | "y", Shape> {
  const [input, output] = c.channels;
  return {
    x: [c.batch, ...c.size, input],
    filter: [...c.filter, output, input],
    y: [c.batch, ...convolutionOf(c).size, output],
  };
}

function inputsOf(c: Case, random: Random): Inputs {
  const shapes = shapesOf(c);
  const [x, filter, bias, dy] = [shapes.x, shapes.filter, [c.channels[1]], shapes.y].map(
    (shape) => {
      const values = new Float32Array(tf.util.sizeFromShape(shape));
      random.fillUniform(values, -1, 1);
      return values;
    },
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  return { x, filter, bias, dy };
}

/** The output and the gradients of `x`, filter and bias, in float64. */
function expectedOf(c: Case, { x, filter, bias, dy }: Inputs): Float64Array[] {
  const convolution = convolutionOf(c);
  const sum = definition(convolution, { x: dy, filter, dy: x }).dx;
  const y = sum.map((value, i) => value + bias[i % bias.length]!);
  const stopped = (i: number) => c.activation === "relu" && y[i]! <= 0;
  const g = dy.map((d, i) => stopped(i) ? 0 : d);
  const back = definition(convolution, { x: g, filter, dy: x });
  const dBias = new Float64Array(bias.length);
  g.forEach((d, i) => dBias[i % bias.length]! += d);
  return [y.map((value, i) => stopped(i) ? 0 : value), back.y, back.dFilter, dBias];
}

function tensors(c: Case, inputs: Inputs): [x: Tensor, filter: Tensor, bias: Tensor, dy: Tensor] {
  const shapes = shapesOf(c);
  return [
    tf.tensor(inputs.x, shapes.x),
    tf.tensor(inputs.filter, shapes.filter),
    tf.tensor(inputs.bias),
    tf.tensor(inputs.dy, shapes.y),
  ];
}

const optionsOf = ({ stride, padding, outputPadding = 0, activation = "linear" }: Case) => ({
  stride,
  padding,
  outputPadding,
  activation,
});

const layerOf = (c: Case) => (x: Tensor, filter: Tensor, bias: Tensor) =>
  convTranspose2d(x as Tensor4D, filter as Tensor4D, bias, optionsOf(c));

const plainOf = (c: Case) => (x: Tensor, filter: Tensor, bias: Tensor) => {
  const y = tf.add(convTranspose2dPlain(x as Tensor4D, filter as Tensor4D, optionsOf(c)), bias);
  return c.activation === "relu" ? tf.relu(y) : y;
};

function valueAndGradients(c: Case, inputs: Inputs, layer: typeof layerOf): Promise<Computed> {
  return compute(() => {
    const [x, filter, bias, dy] = tensors(c, inputs);
    return [layer(c)(x, filter, bias), ...tf.grads(layer(c))([x, filter, bias], dy)];
  });
}

const tolerance = { rtol: 1e-5, atol: 2e-5 };

async function check(c: Case, inputs: Inputs): Promise<void> {
  const { values, shapes } = await valueAndGradients(c, inputs, layerOf);
  const { x, filter, y } = shapesOf(c);
  assert.deepEqual(shapes, [y, x, filter, [c.channels[1]]]);
  expectedOf(c, inputs).forEach((expected, k) => assertAllClose(values[k]!, expected, tolerance));
}

Deno.test("a transposed convolution and its gradients equal their definition", async (t) => {
  for (const [i, [name, c]] of Object.entries(CASES).entries()) {
    const activation = i % 2 ? "relu" : "linear";
    const inputs = inputsOf(c, new Random(1, name));
    await t.step(`${name}, ${activation}`, () => check({ ...c, activation }, inputs));
  }
});

Deno.test("a transposed convolution equals its definition in workgroups of a GPU's width", async () => {
  await openDevice();
  suitLanes({ software: false });
  try {
    for (const name of Object.keys(CASES).slice(0, 6)) {
      const c: Case = { ...CASES[name]!, activation: "relu" };
      await check(c, inputsOf(c, new Random(2, name)));
    }
  } finally {
    await ownLanes();
  }
});

Deno.test("a transposed convolution equals tfjs's operations on random shapes", async () => {
  const random = new Random(3, "shapes");
  for (let i = 0; i < 5; i++) {
    const stride = 1 + random.int(3);
    const filter = [1 + random.int(5), 1 + random.int(5)] as const;
    const c: Case = {
      batch: 1 + random.int(4),
      size: [2 + random.int(5), 2 + random.int(9)],
      channels: [1 + random.int(12), 1 + random.int(12)],
      filter,
      stride,
      padding: random.int(Math.min(2, ...filter)),
      outputPadding: random.int(stride),
      activation: i % 2 ? "relu" : "linear",
    };
    const inputs = inputsOf(c, random);
    try {
      await check(c, inputs);
      const ours = await valueAndGradients(c, inputs, layerOf);
      const plain = await valueAndGradients(c, inputs, plainOf);
      plain.values.forEach((values, k) => assertAllClose(ours.values[k]!, values, tolerance));
    } catch (error) {
      throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
    }
  }
});

Deno.test("a transposed convolution gives any of its gradients without the others", async () => {
  const c: Case = { ...PLAIN, activation: "relu" };
  const inputs = inputsOf(c, new Random(4));
  const [, ...expected] = expectedOf(c, inputs);
  for (const wanted of [[0], [1], [2], [0, 1], [0, 2], [1, 2]]) {
    const { values } = await compute(() => {
      const [...all] = tensors(c, inputs);
      const dy = all.pop()!;
      const layer = (...some: Tensor[]) => {
        const [x, filter, bias] = all.map((own, k) => some[wanted.indexOf(k)] ?? own);
        return layerOf(c)(x!, filter!, bias!);
      };
      return tf.grads(layer)(wanted.map((k) => all[k]!), dy);
    });
    wanted.forEach((k, i) => assertAllClose(values[i]!, expected[k]!, tolerance));
  }
});

Deno.test("a transposed convolution's input gradient can be differentiated", async () => {
  const c: Case = { ...PLAIN, activation: "relu" };
  const inputs = inputsOf(c, new Random(5));
  const { values: [ours, plain] } = await compute(() => {
    const [x, filter, bias] = tensors(c, inputs);
    return [layerOf(c), plainOf(c)].map((layer) => {
      // The norm of a gradient, as in a gradient penalty.
      const slope = (filter: Tensor) =>
        tf.grad((x: Tensor) => tf.sum(tf.square(layer(x, filter, bias))))(x);
      return tf.grad((filter: Tensor) => tf.sum(tf.square(slope(filter))))(filter);
    });
  });
  assert.ok(plain!.some((value) => Math.abs(value) > 1));
  assertAllClose(ours!, plain!, { rtol: 1e-4, atol: 1e-2 });
});

Deno.test("a transposed convolution keeps NaN where it is", async () => {
  for (const channels of [[3, 5], [4, 8]] as const) {
    // Without padding: a product of its zeros and NaN is NaN.
    const c: Case = { ...PLAIN, channels, padding: 0, activation: "relu" };
    const inputs = inputsOf(c, new Random(6));
    inputs.x[0] = NaN;
    await check(c, inputs);
    assert.equal(expectedOf(c, inputs)[0]!.filter(Number.isNaN).length, 4 * 4 * channels[1]);
  }
});

Deno.test("a transposed convolution takes no images", async () => {
  for (const layer of [layerOf, plainOf]) {
    const { shapes } = await compute(() => [
      layer({ ...PLAIN, activation: "relu" })(
        tf.zeros([0, 4, 5, 3]),
        tf.zeros([4, 4, 5, 3]),
        tf.zeros([5]),
      ),
    ]);
    assert.deepEqual(shapes, [[0, 8, 10, 5]]);
  }
});

Deno.test("a transposed convolution gives the same bits each time", async () => {
  const c: Case = { ...PLAIN, size: [7, 7], channels: [8, 12], batch: 20, activation: "relu" };
  const inputs = inputsOf(c, new Random(7));
  const first = await valueAndGradients(c, inputs, layerOf);
  const second = await valueAndGradients(c, inputs, layerOf);
  second.values.forEach((values, k) =>
    assert.ok(values.every((value, i) => Object.is(value, first.values[k]![i])))
  );
});
