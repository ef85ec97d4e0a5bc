import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { chunk } from "../../../lib/engine/kernels/chunk.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";
import { uniform } from "./norm_case.ts";
import { ownLanes } from "../own_lanes.ts";

await openDevice();

/** Rows, parts, width of a part. */
const SIZES = [[1, 2, 1], [3, 6, 5], [5, 7, 12], [64, 6, 64]] as const;

async function check([rows, parts, width]: readonly [number, number, number]): Promise<void> {
  const shape = [rows, parts * width];
  const values = uniform(rows * parts * width, "x");
  // The gradient of the whole is what the parts are multiplied by, put together.
  const factors = uniform(rows * parts * width, "dy");
  const { values: [dx, ...cut] } = await compute(() => {
    const x = tf.tensor(values, shape);
    const weights = tf.split(tf.tensor(factors, shape), parts, 1);
    const products = (x: Tensor) => tf.addN(chunk(x, parts).map((p, i) => tf.mul(p, weights[i]!)));
    return [tf.grad((x: Tensor) => tf.sum(products(x)))(x), ...chunk(x, parts)];
  });
  assertAllClose(dx!, factors, { rtol: 0, atol: 0 });
  cut.forEach((part, p) => {
    const expected = part.map((_, i) =>
      values[Math.floor(i / width) * parts * width + p * width + i % width]!
    );
    assertAllClose(part, expected, { rtol: 0, atol: 0 });
  });
}

Deno.test("chunk() cuts rows, and its gradient joins them", async () => {
  for (const sizes of SIZES) await check(sizes);
});

Deno.test("chunk() does the same with the wide workgroups of a GPU", async () => {
  suitLanes({ software: false });
  try {
    for (const sizes of SIZES) await check(sizes);
  } finally {
    await ownLanes();
  }
});

Deno.test("chunk() gives parts that are not used a gradient of 0", async () => {
  const { values: [dx] } = await compute(() => [
    tf.grad((x: Tensor) => tf.sum(chunk(x, 3)[1]!))(tf.zeros([2, 6])),
  ]);
  assert.deepEqual([...dx!], [0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0]);
});

Deno.test("chunk() can be differentiated twice", async () => {
  const { values: [ours, plain] } = await compute(() => {
    const x = tf.tensor(uniform(12, "x"), [2, 6]);
    const product = (parts: Tensor[]) => tf.sum(tf.mul(tf.square(parts[0]!), parts[1]!));
    return [(x: Tensor) => chunk(x, 2), (x: Tensor) => tf.split(x, 2, 1)].map((cut) =>
      tf.grad((x: Tensor) => tf.sum(tf.square(tf.grad((x: Tensor) => product(cut(x)))(x))))(x)
    );
  });
  assert.ok(plain!.some((value) => Math.abs(value) > 0.1));
  assertAllClose(ours!, plain!, { rtol: 1e-5 });
});

Deno.test("chunk() keeps NaN, takes no rows, and refuses what it cannot cut", async () => {
  const { values, shapes } = await compute(() => [
    ...chunk(tf.tensor([[NaN, 1]]), 2),
    ...chunk(tf.zeros([0, 6]), 3),
  ]);
  assert.deepEqual(values.slice(0, 2).map((part) => part[0]), [NaN, 1]);
  assert.deepEqual(shapes.slice(2), [[0, 2], [0, 2], [0, 2]]);
  for (const [shape, parts] of [[[2, 6], 4], [[2, 6], 1], [[2, 8], 8], [[6], 2]] as const) {
    assert.throws(() => chunk(tf.zeros([...shape]), parts), {
      name: "RangeError",
      message: /Cannot cut into \d parts: x must be \(N, parts · D\).*got/,
    });
  }
});
