import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Linear } from "../../lib/nn/linear.ts";
import { Random } from "../../lib/random.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import { checkLayer, layerCases, permuteByIndices } from "./reference.ts";

Deno.test("Linear gives PyTorch's output and gradients", async (t) => {
  await openDevice();
  const cases = layerCases("Linear");
  assert.equal(cases.length, 2);
  for (const c of cases) {
    await t.step(JSON.stringify(c.options), async () => {
      const { in: from, out, bias = true } = c.options as {
        in: number;
        out: number;
        bias?: boolean;
      };
      // PyTorch's layer takes any number of leading axes; ours takes rows.
      const rows = (shape: readonly number[]) => [
        shape.slice(0, -1).reduce((a, b) => a * b),
        shape.at(-1)!,
      ];
      const input = { ...c.input, shape: rows(c.input.shape) };
      const outputGradient = { ...c.outputGradient, shape: rows(c.outputGradient.shape) };
      const layer = new Linear(from, out, { bias, random: new Random(0) });
      await checkLayer({ ...c, input, outputGradient }, layer);
    });
  }
});

Deno.test("Linear reads a flattened image as PyTorch's, whose channels come first", async () => {
  const device = await openDevice();
  const [height, width, channels, out] = [3, 4, 2, 5];
  const features = height * width * channels;
  const weight = hashTensor({ shape: [out, features], seed: 1, scale: 1 });
  const image = hashTensor({ shape: [channels, height, width], seed: 2, scale: 1 });
  const layer = new Linear(features, out, {
    flattened: [height, width, channels],
    bias: false,
    random: new Random(0),
  });
  layer.loadStateDict(new Map([["weight", { shape: [out, features], values: weight }]]));
  const own = permuteByIndices(image, [channels, height, width], [1, 2, 0]);
  const output = tf.tidy(() => layer.forward(tf.tensor(own, [1, features])));
  const expected = Array.from(
    { length: out },
    (_, o) => image.reduce((sum, x, i) => sum + x * weight[o * features + i]!, 0),
  );
  assertAllClose(await output.data(), expected, { rtol: 1e-5, atol: 1e-6 });
  device.check();
});

Deno.test("Linear with a ReLU gives what a ReLU after it gives, gradients too", async () => {
  const device = await openDevice();
  const random = () => new Random(1);
  for (const bias of [true, false]) {
    const plain = new Linear(7, 9, { bias, random: random() });
    const fused = new Linear(7, 9, { bias, random: random(), activation: "relu" });
    const x = tf.tensor2d(hashTensor({ shape: [11, 7], seed: 3, scale: 2 }), [11, 7]);
    const run = (layer: Linear, activate: (y: tf.Tensor) => tf.Tensor) => {
      const forward = (x: tf.Tensor) => activate(layer.forward(x));
      const variables = [...layer.namedParameters()].map(([, { variable }]) => variable);
      const loss = () => tf.sum(tf.square(forward(x))) as tf.Scalar;
      const { grads } = tf.variableGrads(loss, variables);
      const dx = tf.grad((x: tf.Tensor) => tf.sum(tf.square(forward(x))))(x);
      return [forward(x), dx, ...variables.map(({ name }) => grads[name]!)];
    };
    const expected = tf.tidy(() => run(plain, (y) => tf.relu(y)));
    const actual = tf.tidy(() => run(fused, (y) => y));
    assert.equal(actual.length, bias ? 4 : 3);
    assert.ok((await expected[0]!.data()).includes(0));
    for (const [k, tensor] of actual.entries()) {
      assertAllClose(await tensor.data(), await expected[k]!.data(), { rtol: 1e-5, atol: 1e-5 });
    }
  }
  device.check();
});
