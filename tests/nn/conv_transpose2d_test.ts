import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import {
  convTranspose2dGradient,
  convTranspose2dKernel,
} from "../../lib/engine/kernels/conv_transpose2d.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { updateInPlace } from "../../lib/engine/update.ts";
import { ConvTranspose2d } from "../../lib/nn/conv_transpose2d.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import fixture from "../fixtures/nn_conv_transpose.json" with { type: "json" };
import { checkLayer, type LayerCase } from "./reference.ts";

if (!tf.getKernel(convTranspose2dKernel.kernelName, "webgpu")) {
  tf.registerKernel(convTranspose2dKernel);
  tf.registerGradient(convTranspose2dGradient);
}

const random = () => new Random(1, "init");

Deno.test("ConvTranspose2d gives PyTorch's output and gradients", async (t) => {
  await openDevice();
  for (const c of fixture.layers as unknown as LayerCase[]) {
    await t.step(JSON.stringify(c.options), async () => {
      const { in: from, out, kernel, output_padding: outputPadding = 0, ...options } = c
        .options as Record<string, number>;
      const all = { ...options, outputPadding, random: random() };
      await checkLayer(c, new ConvTranspose2d(from!, out!, kernel!, all));
    });
  }
});

Deno.test("ConvTranspose2d has PyTorch's shapes in checkpoints", async () => {
  await openDevice();
  const layer = new ConvTranspose2d(3, 5, 2, { random: random() });
  const state = await layer.stateDict();
  assert.deepEqual([...state.keys()], ["weight", "bias"]);
  assert.deepEqual(state.get("weight")!.shape, [3, 5, 2, 2]);
  assert.deepEqual(state.get("bias")!.shape, [5]);
  assert.equal(layer.parameterCount, 3 * 5 * 2 * 2 + 5);
});

Deno.test("ConvTranspose2d starts with PyTorch's spread", async () => {
  await openDevice();
  const { options, ...expected } = fixture.init;
  const layer = new ConvTranspose2d(options.in, options.out, options.kernel, { random: random() });
  for (const [name, { values }] of await layer.stateDict()) {
    const { bound } = expected[name as "weight" | "bias"];
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert.ok(largest <= bound * (1 + 1e-6) && largest > 0.85 * bound, `${name}: ${largest}`);
  }
});

Deno.test("ConvTranspose2d with a ReLU gives what a ReLU after it gives", async () => {
  const device = await openDevice();
  for (const bias of [true, false]) {
    const options = { bias, padding: 1, stride: 2 };
    const plain = new ConvTranspose2d(3, 5, 4, { ...options, random: random() });
    const fused = new ConvTranspose2d(3, 5, 4, {
      ...options,
      random: random(),
      activation: "relu",
    });
    const x = tf.tensor(hashTensor({ shape: [2, 4, 3, 3], seed: 3, scale: 2 }), [2, 4, 3, 3]);
    const expected = await tf.tidy(() => tf.relu(plain.forward(x))).data();
    assert.ok(expected.includes(0));
    assertAllClose(await fused.forward(x).data(), expected, { rtol: 1e-6, atol: 1e-6 });
  }
  device.check();
});

Deno.test("ConvTranspose2d refuses an output padding that is not less than the stride", () => {
  assert.throws(
    () => new ConvTranspose2d(1, 1, 3, { stride: 2, outputPadding: 2, random: random() }),
    /^RangeError: Cannot build a transposed convolution: .* got 2 with stride 2/,
  );
});

/** Weights and losses after six steps towards a picture. */
async function train(compile: (step: () => Scalar) => CompiledStep) {
  const device = await openDevice();
  const layer = new ConvTranspose2d(3, 4, 4, {
    random: random(),
    stride: 2,
    padding: 1,
    activation: "relu",
  });
  const x = tf.tensor4d(hashTensor({ shape: [5, 4, 4, 3], seed: 4, scale: 1 }), [5, 4, 4, 3]);
  const variables = [...layer.namedParameters()].map(([, { variable }]) => variable);
  const step = compile(() => {
    const loss = () => tf.mean(tf.square(tf.sub(layer.forward(x), 1))) as Scalar;
    const { value, grads } = tf.variableGrads(loss, variables);
    for (const variable of variables) {
      updateInPlace(
        "descend",
        "result[i] - 0.1 * g[i]",
        variable,
        { g: grads[variable.name]! },
        {},
      );
    }
    return value;
  });
  const losses = await step.run(6);
  const weights = await Promise.all(variables.map((variable) => variable.data()));
  device.check();
  step.dispose();
  layer.dispose();
  x.dispose();
  return [losses, ...weights].map((values) => [...values as Float32Array]);
}

Deno.test("ConvTranspose2d in a recorded step gives the bits of an eager one", async () => {
  const recorded = await train(compileStep);
  assert.ok(recorded[0]!.at(-1)! < 0.9 * recorded[0]![0]!);
  assert.deepEqual(recorded, await train(eagerStep));
});
