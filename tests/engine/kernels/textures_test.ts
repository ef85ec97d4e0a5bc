/** What is read through textures is what is read from buffers. */

import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { conv2dWithBias } from "../../../lib/engine/kernels/conv2d_layer.ts";
import { linear } from "../../../lib/engine/kernels/linear.ts";
import { forceTextures, worthTextures } from "../../../lib/engine/kernels/textures.ts";
import { compileStep } from "../../../lib/engine/step.ts";
import { updateInPlace } from "../../../lib/engine/update.ts";
import { Random } from "../../../lib/random.ts";
import type { Scalar, Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";
import { attributesOf, type ConvCase, definition, inputsOf, shapesOf } from "./conv_case.ts";

async function withTextures<T>(choice: boolean, fn: () => Promise<T>): Promise<T> {
  forceTextures(choice);
  try {
    return await fn();
  } finally {
    forceTextures();
  }
}

const PLAIN: ConvCase = {
  batch: 2,
  size: [7, 6],
  channels: [8, 32],
  filter: [3, 3],
  stride: [1, 1],
  pad: 1,
};

const CASES: Record<string, ConvCase> = {
  "3x3": PLAIN,
  "5x5, 4 to 64 channels": { ...PLAIN, channels: [4, 64], filter: [5, 5], pad: "same" },
  "36 output channels, which leave lanes idle": { ...PLAIN, channels: [16, 36] },
  "few channels": { ...PLAIN, channels: [8, 16], size: [7, 13] },
  "6 to 16 channels, of which two are padding": { ...PLAIN, channels: [6, 16], filter: [5, 5] },
  "10 to 20 channels in strides of 2": {
    ...PLAIN,
    channels: [10, 20],
    stride: [2, 2],
    filter: [4, 4],
  },
  "one channel to 6": { ...PLAIN, channels: [1, 6], pad: "valid" },
  "one channel to 32": { ...PLAIN, channels: [1, 32], filter: [5, 5], size: [9, 7] },
  "one channel of pixels that fill no texels": {
    ...PLAIN,
    batch: 1,
    size: [5, 9],
    channels: [1, 8],
  },
  "one channel to one, with strides": {
    ...PLAIN,
    channels: [1, 1],
    size: [12, 9],
    filter: [5, 3],
    stride: [1, 2],
  },
  "one channel to 12": { ...PLAIN, channels: [1, 12], filter: [5, 5], size: [9, 14] },
  "10 channels to one": { ...PLAIN, channels: [10, 1] },
  "3 to 5 channels": { ...PLAIN, channels: [3, 5], size: [8, 17] },
  "7 to 34 channels": { ...PLAIN, channels: [7, 34] },
  "one image": { ...PLAIN, batch: 1, size: [5, 9] },
  "strides of 2": { ...PLAIN, stride: [2, 2], filter: [4, 4] },
  "unequal strides": { ...PLAIN, stride: [1, 2], pad: "valid" },
  "more numbers than a row of a texture": {
    ...PLAIN,
    batch: 9,
    size: [13, 11],
    channels: [12, 40],
  },
};

for (const [name, c] of Object.entries(CASES)) {
  Deno.test(`a convolution and its gradients, ${name}`, async () => {
    await openDevice();
    const inputs = inputsOf(c, new Random(1, name));
    const shapes = shapesOf(c);
    const attributes = attributesOf(c);
    const run = (kernel: string, of: Record<string, Tensor>, more = {}) =>
      tf.engine().runKernel(kernel, of, { ...attributes, ...more }) as Tensor;
    const all = () => {
      const [x, filter, dy] = [
        tf.tensor(inputs.x, shapes.x),
        tf.tensor(inputs.filter, shapes.filter),
        tf.tensor(inputs.dy, shapes.dy),
      ];
      return [
        run("Conv2D", { x, filter }),
        run("Conv2DBackpropInput", { dy, filter }, { inputShape: shapes.x }),
        run("Conv2DBackpropFilter", { x, dy }, { filterShape: shapes.filter }),
      ];
    };
    const { values } = await withTextures(true, () => compute(all));
    const plain = await withTextures(false, () => compute(all));
    const expected = definition(c, inputs);
    assertAllClose(values[0]!, expected.y, { atol: 2e-5 });
    assertAllClose(values[1]!, expected.dx, { atol: 2e-5 });
    assertAllClose(values[2]!, expected.dFilter, { atol: 5e-5 });
    assertAllClose(plain.values[2]!, expected.dFilter, { atol: 5e-5 });
    // With many channels, in fours, both sum in one order.
    if (c.channels[0] % 4 === 0 && c.channels[1] % 32 === 0) {
      assert.deepEqual(values[2], plain.values[2]);
    }
  });
}

Deno.test("batches of which some fill no texels do not share a shader", async () => {
  await openDevice();
  // 180 pixels are 45 texels; 45 pixels are none in whole numbers.
  for (const batch of [4, 1, 4]) {
    const c: ConvCase = { ...PLAIN, batch, size: [5, 9], channels: [1, 8] };
    const inputs = inputsOf(c, new Random(batch, "batches"));
    const shapes = shapesOf(c);
    const y = () => {
      const x = tf.tensor(inputs.x, shapes.x);
      const filter = tf.tensor(inputs.filter, shapes.filter);
      return [tf.engine().runKernel("Conv2D", { x, filter }, { ...attributesOf(c) }) as Tensor];
    };
    const { values } = await withTextures(true, () => compute(y));
    assertAllClose(values[0]!, definition(c, inputs).y, { atol: 2e-5 });
  }
});

Deno.test("a NaN that is read through a texture stays a NaN", async () => {
  await openDevice();
  const products = () => {
    const a = tf.tensor2d(new Float32Array(16 * 32).fill(1), [16, 32]);
    const b = new Float32Array(32 * 64).fill(1);
    b[5 * 64 + 7] = NaN;
    return [tf.matMul(a, tf.tensor2d(b, [32, 64]))];
  };
  const { values: [values] } = await withTextures(true, () => compute(products));
  assert.ok(values!.every((value, i) => i % 64 === 7 ? Number.isNaN(value) : value === 32));
});

Deno.test("a recorded step copies into textures anew at every replay", async () => {
  await withTextures(true, async () => {
    await openDevice();
    const random = new Random(1, "recorded");
    const uniform = (shape: number[]) => {
      const values = new Float32Array(tf.util.sizeFromShape(shape));
      random.fillUniform(values, -0.3, 0.3);
      return tf.tensor(values, shape);
    };
    const images = uniform([4, 6, 6, 8]) as tf.Tensor4D;
    const filter = tf.variable(uniform([3, 3, 8, 32]));
    const weight = tf.variable(uniform([6 * 6 * 32, 32]));
    const biases = [tf.variable(tf.zeros([32])), tf.variable(tf.zeros([32]))];
    const initial = [filter, weight, ...biases].map((variable) => tf.mul(variable, 1));
    const variables = [filter, weight, ...biases];
    const optimizer = tf.train.sgd(0.01);
    const forward = () => {
      const h = conv2dWithBias(images, filter as never, biases[0]!, 1, 1, "relu");
      return tf.mean(tf.square(linear(tf.reshape(h, [4, -1]), weight, biases[1]!))) as Scalar;
    };
    const eager: number[] = [];
    for (let i = 0; i < 6; i++) {
      const loss = optimizer.minimize(forward, true, variables)!;
      eager.push((await loss.data())[0]!);
    }
    variables.forEach((variable, i) => variable.assign(initial[i]!));
    const step = compileStep(() => {
      const { value, grads } = tf.variableGrads(forward, variables);
      for (const variable of variables) {
        updateInPlace("textures_test", "result[i] - 0.01 * g[i]", variable, {
          g: grads[variable.name]!,
        }, {});
      }
      return value;
    });
    const losses = await step.run(6);
    assert.ok(step.stats!.copies > 0);
    assertAllClose(losses, eager, { rtol: 1e-5 });
    assert.ok(losses[5]! < losses[0]!);
    step.dispose();
  });
});

Deno.test("textures are for large products on software adapters", async () => {
  const { adapter } = await openDevice();
  assert.equal(worthTextures(2 ** 30, 2 ** 18), adapter.software);
  assert.equal(worthTextures(2 ** 10, 2 ** 18), false);
  forceTextures(true);
  assert.equal(worthTextures(1, 2 ** 18), true);
  forceTextures();
});
