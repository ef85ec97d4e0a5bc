/** The diffusion transformer: its sizes, and that it computes and learns what PyTorch's does. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { DiT } from "../../lib/models/dit.ts";
import { ditPresets } from "../../lib/models/dit_presets.ts";
import { gridOf, unpatchify } from "../../lib/models/patches.ts";
import { embedTimes, falling, gridPositions } from "../../lib/models/sincos.ts";
import { Random } from "../../lib/random.ts";
import type { Tensor1D, Tensor4D } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/nn_dit.json" with { type: "json" };
import { checkFirstPass, checkTraining, countDispatches } from "./denoiser_case.ts";

await openDevice();

const MNIST = { height: 28, width: 28, channels: 1, classes: 10 };
const light = () => ditPresets["dit-light"].build(MNIST, new Random(0));
const small = () =>
  new DiT({ height: 8, width: 8, channels: 2, classes: 10 }, new Random(0), {
    width: 24,
    depth: 2,
    heads: 3,
    shared: true,
  });

Deno.test("the DiTs have the sizes stated", () => {
  const sizes = {
    "dit-light": [184_272, 3_136],
    "dit-s4": [32_497_552, 18_816],
    "dit-s4-shared": [22_767_760, 18_816],
  } as const;
  for (const [name, [values, fixed]] of Object.entries(sizes)) {
    const network = ditPresets[name as keyof typeof sizes].build(MNIST, new Random(1));
    const parts = new Map<string, number>();
    for (const [path, { size }] of network.namedParameters()) {
      const part = path.match(/^(blocks\.\d+|[^.]*)/)![0];
      parts.set(part, (parts.get(part) ?? 0) + size);
    }
    const total = [...parts.values()].reduce((sum, size) => sum + size, 0);
    assert.equal(total, values, name);
    assert.equal(network.parameterCount, values - fixed, name);
    if (name === "dit-s4") {
      assert.equal(parts.get("blocks.11"), 2_659_968);
      assert.equal(parts.get("t_embedder"), 246_528);
      assert.equal(parts.get("final_layer"), 301_840);
      assert.equal(parts.get("x_embedder"), 6_528);
      assert.equal(parts.get("y_embedder"), 4_224);
      assert.equal(parts.get("pos_embed"), 18_816);
    }
    network.dispose();
  }
});

Deno.test("dit-light computes what PyTorch does", () =>
  checkFirstPass(light(), fixture.networks["dit-light"]));

Deno.test("dit-light learns as in PyTorch, recorded as eagerly", () =>
  checkTraining(light, fixture.networks["dit-light"]));

Deno.test("a DiT with a shared modulation, on two channels, computes what PyTorch does", () =>
  checkFirstPass(small(), fixture.networks.shared));

Deno.test("a DiT with a shared modulation learns as in PyTorch, recorded as eagerly", () =>
  checkTraining(small, fixture.networks.shared));

Deno.test("a fresh DiT predicts exactly 0, and trains", async () => {
  for (const [network, size, channels] of [[light(), 28, 1], [small(), 8, 2]] as const) {
    const x = tf.ones([2, size, size, channels]) as Tensor4D;
    const predict = () => network.denoise(x, tf.tensor1d([5, 999]), tf.tensor1d([1, 10], "int32"));
    const values = await predict().data();
    assert.ok(values.every((value) => value === 0));
    const last = network.final_layer.linear.weight.variable;
    const { grads } = tf.variableGrads(() => tf.mean(tf.square(tf.sub(predict(), x))), [last]);
    assert.ok((await grads[last.name]!.data()).some((value) => value !== 0));
  }
});

Deno.test("a DiT without labels takes the class that stands for none", async () => {
  const network = small();
  const { linear } = network.final_layer;
  linear.weight.write(new Float32Array(linear.weight.size).fill(0.1));
  const x = tf.randomNormal([2, 8, 8, 2], 0, 1, "float32", 1) as Tensor4D;
  const t = tf.tensor1d([1, 2]);
  const nulls = tf.tensor1d([10, 10], "int32") as Tensor1D;
  assert.equal(network.nullClass, 10);
  assert.deepEqual(await network.denoise(x, t).data(), await network.denoise(x, t, nulls).data());
});

Deno.test("a DiT refuses sizes that do not fit, and a pass without a condition", () => {
  const build = (options: { width: number; heads: number; patch?: number }) => () =>
    new DiT(MNIST, new Random(1), { depth: 1, ...options });
  assert.throws(build({ width: 64, heads: 5 }), {
    name: "RangeError",
    message: /the width must be a multiple of the heads, got 64 and 5/,
  });
  assert.throws(build({ width: 64, heads: 4, patch: 3 }), {
    name: "RangeError",
    message: /must be multiples of the patch, got 28x28 and a patch of 3/,
  });
  assert.throws(build({ width: 6, heads: 2 }), {
    name: "RangeError",
    message: /the width must be a multiple of 4, got 6/,
  });
  assert.throws(() => small().forward(), { name: "TypeError", message: /it needs their times/ });
  assert.throws(() => small().blocks[0]!.forward(), {
    name: "TypeError",
    message: /Cannot run DiTBlock on one tensor/,
  });
});

Deno.test("images are cut into patches of 4, and small ones of 2", () => {
  assert.equal(gridOf(MNIST).patch, 4);
  assert.equal(gridOf({ ...MNIST, height: 8, width: 8 }).patch, 2);
});

Deno.test("unpatchify() puts every pixel in its place", async () => {
  const grid = { rows: 2, columns: 3, patch: 4, channels: 2 };
  const [height, width] = [8, 12];
  const values = new Float32Array(2 * height * width * 2).map((_, i) => i);
  const image = await unpatchify(tf.tensor(values, [2, 6, 32]), grid).data();
  let at = 0;
  for (let n = 0; n < 2; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const token = n * 6 + Math.floor(y / 4) * 3 + Math.floor(x / 4);
        for (let c = 0; c < 2; c++, at++) {
          assert.equal(image[at], values[token * 32 + (y % 4 * 4 + x % 4) * 2 + c]);
        }
      }
    }
  }
});

Deno.test("embedTimes() gives sines and cosines of large angles too", async () => {
  const times = [0, 1, 17.25, 399, 999];
  for (const order of ["sin-cos", "cos-sin"] as const) {
    const frequencies = falling(32, 31);
    const values = await embedTimes(tf.tensor1d(times), { frequencies, order }).data();
    const waves = order === "sin-cos" ? [Math.sin, Math.cos] : [Math.cos, Math.sin];
    const expected = times.flatMap((t) =>
      waves.flatMap((wave) => Array.from(frequencies, (f) => wave(Math.fround(t * f))))
    );
    assertAllClose(values, expected, { rtol: 0, atol: 2e-6 });
  }
  assert.equal(falling(32, 31)[31], Math.fround(1e-4));
});

Deno.test("gridPositions() tells columns, then rows", () => {
  // Row 1 of 2, column 2 of 3, at frequencies 1 and 1/100.
  const place = gridPositions(2, 3, 8).slice(5 * 8);
  const angles = [[2, 0.02], [1, 0.01]];
  const waves = [Math.sin, Math.cos];
  assertAllClose(place, angles.flatMap((pair) => waves.flatMap((wave) => pair.map(wave))));
});

Deno.test("a pass of dit-light takes few dispatches", async () => {
  assert.deepEqual(await countDispatches(light(), [16, 28, 28, 1]), { forward: 38, both: 90 });
});
