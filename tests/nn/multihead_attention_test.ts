import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { MultiheadAttention } from "../../lib/nn/multihead_attention.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { xavierUniform } from "../../lib/nn/init_xavier.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import fixture from "../fixtures/nn_attention.json" with { type: "json" };
import { checkLayer, type LayerCase } from "./reference.ts";
import { checkTrained, type TrainedCase } from "./trained_layer.ts";

type AttentionCase = Omit<LayerCase, "layer" | "options"> & {
  readonly embed: number;
  readonly heads: number;
  readonly bias: boolean;
};

const cases = fixture.attention as unknown as AttentionCase[];

Deno.test("MultiheadAttention gives PyTorch's output and gradients", async (t) => {
  await openDevice();
  for (const { embed, heads, bias, ...c } of cases) {
    await t.step(`${c.input.shape.join("x")}, ${heads} heads, bias ${bias}`, async () => {
      const layer = new MultiheadAttention(embed, heads, { bias, random: new Random(0) });
      await checkLayer({ ...c, layer: "MultiheadAttention", options: {} }, layer);
    });
  }
});

Deno.test("MultiheadAttention learns PyTorch's weights in a recorded step", async () => {
  const { embed, heads, ...c } = fixture.trained;
  const layer = new MultiheadAttention(embed, heads, { random: new Random(0) });
  await checkTrained(c as unknown as TrainedCase, layer);
  layer.dispose();
});

Deno.test("MultiheadAttention begins as PyTorch's does", async () => {
  await openDevice();
  const layer = new MultiheadAttention(48, 4, { random: new Random(3) });
  const state = await layer.stateDict();
  assert.deepEqual([...state].map(([name, { shape }]) => [name, [...shape]]), [
    ["in_proj_weight", [144, 48]],
    ["in_proj_bias", [144]],
    ["out_proj.weight", [48, 48]],
    ["out_proj.bias", [48]],
  ]);
  for (const bias of ["in_proj_bias", "out_proj.bias"]) {
    assert.ok(state.get(bias)!.values.every((value) => value === 0));
  }
  const bounds = {
    "in_proj_weight": Math.sqrt(6 / (48 + 144)),
    "out_proj.weight": 1 / Math.sqrt(48),
  };
  for (const [name, bound] of Object.entries(bounds)) {
    const largest = state.get(name)!.values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    assert.ok(largest <= Math.fround(bound) && largest > 0.98 * bound, name);
  }
  layer.dispose();
});

Deno.test("xavierUniform() fills its bounds", () => {
  const values = xavierUniform(30, 20, new Random(5));
  const bound = Math.sqrt(6 / 50);
  assert.equal(values.length, 600);
  assert.ok(values.every((value) => Math.abs(value) <= Math.fround(bound)));
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  assert.ok(Math.abs(variance / (bound * bound / 3) - 1) < 0.15);
});

Deno.test("MultiheadAttention refuses heads that do not divide its values", () => {
  for (const heads of [0, 5, 2.5]) {
    assert.throws(() => new MultiheadAttention(12, heads, { random: new Random(0) }), {
      name: "RangeError",
      message: `Cannot build the attention: its heads must divide 12 values, got ${heads}`,
    });
  }
});

Deno.test("a recorded step through MultiheadAttention equals an eager one", async () => {
  const device = await openDevice();
  const x = tf.tensor3d(hashTensor({ shape: [3, 5, 8], seed: 1, scale: 1 }), [3, 5, 8]);
  const train = async (compile: (step: () => Scalar) => CompiledStep) => {
    const layer = new MultiheadAttention(8, 2, { random: new Random(2) });
    const clock = new Clock();
    const optimizer = new Adam(layer.namedParameters(), { lr: 0.01 });
    optimizer.follow(clock, () => 0.01, 6);
    const step = compile(() => {
      const loss = () => tf.mean(tf.square(tf.sub(layer.forward(x), x))) as Scalar;
      const { value, grads } = tf.variableGrads(loss, optimizer.variables);
      optimizer.step(grads);
      clock.advance();
      return value;
    });
    const losses = [...await step.run(6)];
    const weights = [...(await layer.stateDict()).values()].map(({ values }) => [...values]);
    for (const part of [step, clock, optimizer, layer]) part.dispose();
    return { losses, weights };
  };
  const recorded = await train(compileStep);
  assert.ok(recorded.losses.at(-1)! < recorded.losses[0]!);
  assert.deepEqual(recorded, await train(eagerStep));
  device.check();
});
