import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { gelu, leakyRelu, silu, tanh } from "../../lib/nn/activations.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/nn_attention.json" with { type: "json" };
import { checkLayer, Functional, layerCases } from "./reference.ts";

Deno.test("gelu() and silu() give PyTorch's outputs and gradients", async (t) => {
  const cases = [...layerCases("GELU"), ...layerCases("SiLU")];
  assert.equal(cases.length, 3);
  for (const c of cases) {
    await t.step(`${c.layer} ${JSON.stringify(c.options)}`, async () => {
      const { approximate } = c.options as { approximate?: "none" | "tanh" };
      await checkLayer(
        c,
        new Functional((x) => c.layer === "SiLU" ? silu(x) : gelu(x, approximate)),
      );
    });
  }
});

Deno.test("the activations have PyTorch's values and derivatives near and far from 0", async () => {
  const device = await openDevice();
  const layers: Record<string, (x: Tensor) => Tensor> = {
    gelu: (x) => gelu(x),
    geluTanh: (x) => gelu(x, "tanh"),
    silu,
    tanh,
    leakyRelu: (x) => leakyRelu(x, 0.2),
  };
  const { x, ...cases } = fixture.activations;
  assert.deepEqual(Object.keys(cases), Object.keys(layers));
  const input = tf.tensor1d(x);
  for (const [name, { value, derivative }] of Object.entries(cases)) {
    const layer = layers[name]!;
    const tolerance = { rtol: 2e-6, atol: 2e-7 };
    assertAllClose(await layer(input).data(), value, tolerance);
    assertAllClose(await tf.grad(layer)(input).data(), derivative, tolerance);
  }
  device.check();
});

Deno.test("leakyRelu() has PyTorch's slope if none is given, and refuses one without a value", async () => {
  await openDevice();
  assertAllClose(await leakyRelu(tf.tensor1d([-2, 3])).data(), [-0.02, 3]);
  for (const slope of [NaN, Infinity]) {
    assert.throws(() => leakyRelu(tf.zeros([1]), slope), {
      name: "RangeError",
      message: `Cannot apply a leaky ReLU: its slope must be finite, got ${slope}`,
    });
  }
});
