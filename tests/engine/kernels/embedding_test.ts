import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { embedding } from "../../../lib/engine/kernels/embedding.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { Embedding } from "../../../lib/nn/embedding.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";
import { uniform } from "./norm_case.ts";
import { ownLanes } from "../own_lanes.ts";

await openDevice();

/** Rows of the table, values of a row, indices. */
const SIZES = [[1, 1, 1], [10, 7, 23], [11, 64, 64], [3, 12, 2]] as const;

async function check([rows, width, count]: readonly [number, number, number]): Promise<void> {
  const table = uniform(rows * width, "table");
  const d = uniform(count * width, "dy");
  const indices = Array.from({ length: count }, (_, i) => i * 7 % rows);
  const { values: [y, dTable] } = await compute(() => {
    const own = tf.tensor(table, [rows, width]);
    const at = tf.tensor1d(indices, "int32");
    const look = (table: Tensor) => embedding(table, at);
    return [look(own), tf.grad(look)(own, tf.tensor(d, [count, width]))];
  });
  const expected = new Float64Array(table.length);
  d.forEach((v, i) => expected[indices[Math.floor(i / width)]! * width + i % width]! += v);
  const looked = d.map((_, i) => table[indices[Math.floor(i / width)]! * width + i % width]!);
  assertAllClose(y!, looked, { rtol: 0, atol: 0 });
  assertAllClose(dTable!, expected, { rtol: 1e-5, atol: 1e-5 });
}

Deno.test("embedding() and its gradient equal their definition", async () => {
  for (const sizes of SIZES) await check(sizes);
});

Deno.test("embedding() computes the same with the wide workgroups of a GPU", async () => {
  suitLanes({ software: false });
  try {
    for (const sizes of SIZES) await check(sizes);
  } finally {
    await ownLanes();
  }
});

Deno.test("embedding() can be differentiated twice", async () => {
  const { values: [ours, plain] } = await compute(() => {
    const table = tf.tensor(uniform(12, "table"), [3, 4]);
    const at = tf.tensor1d([2, 0, 2], "int32");
    const own = tf.oneHot(at, 3, 1, 0, "float32");
    const layers = [(table: Tensor) => embedding(table, at), (t: Tensor) => tf.matMul(own, t)];
    return layers.map((layer) => {
      const slope = tf.grad((table: Tensor) => tf.sum(tf.pow(layer(table), 3)));
      return tf.grad((table: Tensor) => tf.sum(tf.square(slope(table))))(table);
    });
  });
  assert.ok(plain!.some((value) => Math.abs(value) > 0.1));
  assertAllClose(ours!, plain!, { rtol: 1e-4 });
});

Deno.test("embedding() gives NaN where there is no row, and refuses what is no index", async () => {
  const { values, shapes } = await compute(() => {
    const table = tf.tensor2d([[1, 2], [3, NaN]]);
    const look = (...indices: number[]) => embedding(table, tf.tensor1d(indices, "int32"));
    const strange = tf.tensor1d([-1, 0, 2], "int32");
    const slope = tf.grad((table: Tensor) => embedding(table, strange));
    return [look(-1, 0, 1, 2), look(), slope(table, tf.ones([3, 2]))];
  });
  assert.deepEqual([...values[0]!], [NaN, NaN, 1, 2, 3, NaN, NaN, NaN]);
  assert.deepEqual(shapes[1], [0, 2]);
  assert.deepEqual([...values[2]!], [1, 1, 0, 0]);
  assert.throws(() => embedding(tf.zeros([2, 2]), tf.zeros([2])), {
    name: "TypeError",
    message: /the indices must be int32, got float32/,
  });
  assert.throws(() => embedding(tf.zeros([2]), tf.zeros([2], "int32")), {
    name: "RangeError",
    message: /the table must be \(K, D\).*got \(2\)/,
  });
});

Deno.test("Embedding starts from normal values", async () => {
  const layer = new Embedding(100, 64, { random: new Random(1), std: 0.02 });
  const { values } = await layer.weight.read();
  const variance = values.reduce((sum, x) => sum + x * x, 0) / values.length;
  assertAllClose([Math.sqrt(variance)], [0.02], { rtol: 0.03 });
  const y = layer.forward(tf.tensor1d([99, 0], "int32"));
  assert.deepEqual(await y.data(), Float32Array.of(...values.slice(-64), ...values.slice(0, 64)));
});
