import { tf } from "../../lib/deps.ts";
import { gelu, leakyRelu, silu } from "../../lib/nn/activations.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { compute } from "../engine/poisoned.ts";
import fixture from "../fixtures/nn_activations.json" with { type: "json" };

const FUNCTIONS: Record<keyof typeof fixture.functions, (x: Tensor) => Tensor> = {
  gelu: (x) => gelu(x),
  gelu_tanh: (x) => gelu(x, "tanh"),
  silu,
  leaky_relu: (x) => leakyRelu(x),
  leaky_relu_02: (x) => leakyRelu(x, 0.2),
};

const names = Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[];

Deno.test("activations and their gradients are PyTorch's", async (t) => {
  for (const name of names) {
    await t.step(name, async () => {
      const f = FUNCTIONS[name];
      const { values: [y, dx] } = await compute(() => {
        const x = tf.tensor1d(fixture.x);
        return [f(x), tf.grad(f)(x, tf.tensor1d(fixture.dy))];
      });
      const { value, gradient } = fixture.functions[name];
      // Relative also in the tails, where gelu(−5) is −1.4e-6.
      assertAllClose(y!, value, { rtol: 3e-6, atol: 1e-12 });
      assertAllClose(dx!, gradient, { rtol: 1e-5, atol: 1e-7 });
    });
  }
});

Deno.test("activations take any size, and nothing", async () => {
  for (const name of names) {
    const f = FUNCTIONS[name];
    for (const shape of [[1], [3, 5], [2, 64], [0, 4]]) {
      const size = tf.util.sizeFromShape(shape);
      const { values: [y, dx], shapes } = await compute(() => {
        const x = tf.reshape(tf.tensor1d(fixture.x.slice(0, size)), shape);
        return [f(x), tf.grad(f)(x, tf.onesLike(x))];
      });
      assert.deepEqual(shapes, [shape, shape]);
      assertAllClose(y!, fixture.functions[name].value.slice(0, size), { rtol: 1e-5, atol: 1e-7 });
      assert.ok(dx!.every(Number.isFinite));
    }
  }
});

Deno.test("activations keep NaN, and are right for large arguments", async () => {
  for (const name of names) {
    const f = FUNCTIONS[name];
    const { values: [y, dx] } = await compute(() => {
      const x = tf.tensor1d([NaN, 1e4, -1e4, 1e30, 0]);
      return [f(x), tf.grad(f)(x, tf.tensor1d([NaN, 1, 1, 1, 1]))];
    });
    assert.ok(Number.isNaN(y![0]) && Number.isNaN(dx![0]), name);
    assert.equal(y![1], 1e4);
    assert.ok(Math.abs(y![2]!) < 1e-30 || name.startsWith("leaky"));
    assert.ok(Math.abs(y![3]! / 1e30 - 1) < 1e-6);
    assert.equal(dx![1], 1);
    assert.equal(dx![3], 1);
    assert.equal(Math.abs(y![4]!), 0);
  }
});

Deno.test("activations refuse to be differentiated twice", async () => {
  for (const name of names) {
    const slope = (x: Tensor) => tf.grad(FUNCTIONS[name])(x);
    await assert.rejects(compute(() => [tf.grad(slope)(tf.tensor1d([1]))]), RangeError);
  }
});
