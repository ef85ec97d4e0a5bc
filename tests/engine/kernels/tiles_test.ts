import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { linear } from "../../../lib/engine/kernels/linear.ts";
import {
  candidates,
  chooseTiles,
  classOf,
  forceTiles,
  SIZE_CLASSES,
  stagedBytes,
  stagedShape,
  type Tiles,
  tilesFor,
} from "../../../lib/engine/kernels/tiles.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";

function uniform(shape: number[], random: Random): Tensor {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  random.fillUniform(values, -1, 1);
  return tf.tensor(values, shape);
}

/** All tiles that are ever measured, and those of software adapters. */
function allTiles(): Tiles[] {
  const texture: Tiles[] = [8, 16].map((rows) => ({
    memory: "texture",
    lanes: 8,
    rows: rows as 8 | 16,
  }));
  const names = new Map<string, Tiles>(texture.map((tiles) => [JSON.stringify(tiles), tiles]));
  for (const tiles of SIZE_CLASSES.flatMap(candidates)) names.set(JSON.stringify(tiles), tiles);
  return [...names.values()];
}

async function withTiles(tiles: Tiles, fn: () => Tensor[]): Promise<readonly Float32Array[]> {
  forceTiles(tiles);
  try {
    return (await compute(fn)).values;
  } finally {
    forceTiles();
  }
}

const isSame = (a: Float32Array, b: Float32Array) =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

Deno.test("all tiles give the same bits", async (t) => {
  await openDevice();
  type Sizes = [M: number, N: number, K: number, outer?: number[]];
  // By transposes, since each pair is a shader of its own: whole squares and parts, vectors and not,
  // whole turns and not, tiny and batched.
  const cases: [transposeA: boolean, transposeB: boolean, sizes: Sizes[]][] = [
    [false, false, [[33, 67, 19], [1, 7, 3], [130, 5, 9], [36, 68, 20, [2]]]],
    [false, true, [[36, 140, 44], [8, 4, 4], [132, 12, 20]]],
    [true, false, [[36, 132, 35], [4, 8, 1]]],
    [true, true, [[5, 33, 12, [2, 2]], [131, 66, 32], [20, 50, 36, [2]]]],
  ];
  for (const [transposeA, transposeB, shapes] of cases) {
    const products = () => {
      const random = new Random(1, "tiles");
      return shapes.map(([M, N, K, outer = []]) => {
        const a = uniform([...outer, ...(transposeA ? [K, M] : [M, K])], random);
        const b = uniform([...outer, ...(transposeB ? [N, K] : [K, N])], random);
        return tf.matMul(a, b, transposeA, transposeB);
      });
    };
    const { values: expected } = await compute(products);
    for (const tiles of allTiles()) {
      const name = `${transposeA ? "Aᵀ" : "A"}${transposeB ? "Bᵀ" : "B"} ${JSON.stringify(tiles)}`;
      await t.step(name, async () => {
        const values = await withTiles(tiles, products);
        shapes.forEach((sizes, i) => assert.ok(isSame(values[i]!, expected[i]!), `${sizes}`));
      });
    }
  }
});

Deno.test("all tiles take bias and ReLU", async (t) => {
  await openDevice();
  const fused = () => {
    const random = new Random(2, "tiles");
    // The second can be read four numbers at a time.
    return [[37, 21, 45], [37, 20, 44]].map(([M, K, N]) => {
      const [a, b] = [uniform([M!, K!], random), uniform([K!, N!], random)] as tf.Tensor2D[];
      const bias = uniform([N!], random);
      return tf.fused.matMul({ a: a!, b: b!, bias, activation: "relu" });
    });
  };
  const { values: expected } = await compute(fused);
  assert.ok(expected.every((all) => all.includes(0) && all.some((value) => value > 0)));
  for (const tiles of allTiles()) {
    await t.step(JSON.stringify(tiles), async () => {
      const values = await withTiles(tiles, fused);
      expected.forEach((own, i) => assert.ok(isSame(values[i]!, own), `result ${i}`));
    });
  }
});

Deno.test("all tiles compute the gradients of a large linear layer", async (t) => {
  await openDevice();
  const gradients = () => {
    const random = new Random(3, "tiles");
    const inputs = [[66, 132], [132, 124], [124]].map((shape) => uniform(shape, random));
    const dy = uniform([66, 124], random);
    const layer = (x: Tensor, weight: Tensor, bias: Tensor) => linear(x, weight, bias, "relu");
    return tf.grads(layer)(inputs, dy);
  };
  const { values: expected } = await compute(gradients);
  for (const tiles of allTiles()) {
    await t.step(JSON.stringify(tiles), async () => {
      const values = await withTiles(tiles, gradients);
      expected.forEach((own, i) => assert.ok(isSame(values[i]!, own), `result ${i}`));
    });
  }
});

Deno.test("tilesFor() follows the choice for the class, and what is forced above all", async () => {
  await openDevice();
  const sizes = { M: 300, N: 300, K: 8 };
  assert.equal(classOf(sizes, 1), "medium");
  assert.equal(classOf(sizes, 20), "large");
  assert.equal(classOf({ ...sizes, N: 10 }, 1), "skinny");
  assert.equal(classOf({ ...sizes, N: 20 }, 1), "small");
  const [first, second] = candidates("medium");
  const measured = chooseTiles({});
  try {
    const [guess, large] = [tilesFor(sizes, 1), tilesFor(sizes, 20)];
    assert.deepEqual(chooseTiles({ medium: first! }), {});
    assert.equal(tilesFor(sizes, 1), first);
    assert.deepEqual(tilesFor(sizes, 20), large);
    forceTiles(second);
    assert.equal(tilesFor(sizes, 20), second);
    forceTiles();
    chooseTiles({});
    assert.deepEqual(tilesFor(sizes, 1), guess);
  } finally {
    forceTiles();
    chooseTiles(measured);
  }
});

Deno.test("every candidate fits the limits that all WebGPU devices have, or is left out", async () => {
  const { gpu: { limits } } = await openDevice();
  for (const sizeClass of SIZE_CLASSES) {
    const own = candidates(sizeClass);
    assert.ok(own.length > 1);
    for (const tiles of own) {
      if (tiles.memory !== "workgroup") continue;
      assert.ok(stagedShape(tiles).lanes <= limits.maxComputeInvocationsPerWorkgroup);
      assert.ok(stagedBytes(tiles) <= limits.maxComputeWorkgroupStorageSize);
    }
  }
  assert.deepEqual(
    [32, 64, 128].map((side) => stagedBytes({ memory: "workgroup", side } as never)),
    [
      8192,
      8192,
      32_768,
    ],
  );
});
