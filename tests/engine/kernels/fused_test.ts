import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, isOurs } from "../poisoned.ts";

function uniform(shape: number[], stream: string): Tensor {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  new Random(1, stream).fillUniform(values, -1, 1);
  return tf.tensor(values, shape);
}

type Activation = "linear" | "relu" | "elu" | "relu6" | "sigmoid" | "leakyrelu" | "prelu";

const PLAIN: Record<Activation, (x: Tensor) => Tensor> = {
  linear: (x) => x,
  relu: (x) => tf.relu(x),
  elu: (x) => tf.elu(x),
  relu6: (x) => tf.relu6(x),
  sigmoid: (x) => tf.sigmoid(x),
  leakyrelu: (x) => tf.leakyRelu(x, 0.3),
  prelu: (x) => tf.prelu(x, 0.25),
};
const OURS = ["linear", "relu"];

/** Holds `fused` against `plain`, and tells whether only kernels of ours computed it. */
async function check(fused: () => Tensor, plain: () => Tensor): Promise<boolean> {
  const result = await compute(() => [fused()]);
  const { values, shapes } = await compute(() => [plain()]);
  assert.deepEqual(result.shapes, shapes);
  assertAllClose(result.values[0]!, values[0]!, { rtol: 1e-5, atol: 1e-5 });
  return isOurs(result);
}

Deno.test("tf.fused.matMul computes what its parts compute", async (t) => {
  for (const [name, activate] of Object.entries(PLAIN) as [Activation, (x: Tensor) => Tensor][]) {
    for (const [transposeA, transposeB] of [[false, false], [true, false], [false, true]]) {
      await t.step(`${name} ${transposeA ? "Aᵀ" : "A"}${transposeB ? "Bᵀ" : "B"}`, async () => {
        const a = () => uniform(transposeA ? [7, 9] : [9, 7], "a");
        const b = () => uniform(transposeB ? [13, 7] : [7, 13], "b");
        const bias = () => uniform([13], "bias");
        const fused = () =>
          tf.fused.matMul({
            a: a(),
            b: b(),
            transposeA: transposeA!,
            transposeB: transposeB!,
            bias: bias(),
            activation: name,
            leakyreluAlpha: 0.3,
            ...(name === "prelu" && { preluActivationWeights: tf.fill([1, 13], 0.25) }),
          });
        const plain = () => activate(tf.add(tf.matMul(a(), b(), transposeA, transposeB), bias()));
        assert.equal(await check(fused, plain), OURS.includes(name));
      });
    }
  }
});

Deno.test("tf.fused.matMul takes batches and a bias of another shape", async () => {
  const a = () => uniform([3, 5, 4], "a");
  const b = () => uniform([3, 4, 6], "b");
  const shapes: [shape: number[], isRow: boolean][] = [
    [[6], true],
    [[1, 6], true],
    [[5, 6], false],
    [[5, 1], false],
    [[1], false],
  ];
  for (const [shape, isRow] of shapes) {
    const bias = () => uniform(shape, "bias");
    const ours = await check(
      () => tf.fused.matMul({ a: a(), b: b(), bias: bias(), activation: "relu" }),
      () => tf.relu(tf.add(tf.matMul(a(), b()), bias())),
    );
    assert.equal(ours, isRow, `${shape}`);
  }
});

Deno.test("a dense layer of tf.layers predicts with a kernel of ours", async () => {
  await openDevice();
  const layer = tf.layers.dense({ units: 6, activation: "relu", biasInitializer: "ones" });
  const x = uniform([5, 4], "x");
  // The first call makes the weights, which must outlive it.
  await (layer.apply(x) as Tensor).data();
  const [kernel] = layer.getWeights();
  const ours = await check(
    () => layer.apply(x) as Tensor,
    () => tf.relu(tf.add(tf.matMul(x, kernel!), 1)),
  );
  assert.ok(ours);
  layer.dispose();
  x.dispose();
});

Deno.test("tf.fused.conv2d computes what its parts compute", async (t) => {
  const x = () => uniform([2, 6, 7, 4], "x") as tf.Tensor4D;
  const filter = () => uniform([3, 3, 4, 9], "filter") as tf.Tensor4D;
  const bias = () => uniform([9], "bias");
  for (const [name, activate] of Object.entries(PLAIN) as [Activation, (x: Tensor) => Tensor][]) {
    await t.step(name, async () => {
      const fused = () =>
        tf.fused.conv2d({
          x: x(),
          filter: filter(),
          strides: 1,
          pad: "same",
          bias: bias(),
          activation: name,
          leakyreluAlpha: 0.3,
          ...(name === "prelu" && { preluActivationWeights: tf.fill([1, 1, 9], 0.25) }),
        });
      const plain = () => activate(tf.add(tf.conv2d(x(), filter(), 1, "same"), bias()));
      assert.equal(await check(fused, plain), OURS.includes(name));
    });
  }
});
