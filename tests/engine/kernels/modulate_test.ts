import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { modulate } from "../../../lib/engine/kernels/modulate.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";
import { uniform } from "./norm_case.ts";
import { ownLanes } from "../own_lanes.ts";

await openDevice();

const SIZES: readonly [number, number, number][] = [[1, 1, 1], [3, 5, 7], [2, 9, 64], [5, 1, 12]];

function inputs([samples, tokens, channels]: readonly [number, number, number]) {
  const all = [samples, tokens, channels];
  const make = (name: string, sizes: number[]): Tensor =>
    tf.tensor(uniform(tf.util.sizeFromShape(sizes), name), sizes);
  const [shift, scale] = [make("shift", [samples, channels]), make("scale", [samples, channels])];
  return { x: make("x", all), shift, scale, dy: make("dy", all) };
}

const plain = (x: Tensor, shift: Tensor, scale: Tensor): Tensor =>
  tf.add(tf.mul(x, tf.add(tf.expandDims(scale, 1), 1)), tf.expandDims(shift, 1));

async function check(shape: readonly [number, number, number]): Promise<void> {
  const [samples, tokens, channels] = shape;
  const { values } = await compute(() => {
    const { x, shift, scale, dy } = inputs(shape);
    return [modulate, plain].flatMap((layer) => [
      layer(x, shift, scale),
      ...tf.grads(layer)([x, shift, scale], dy),
    ]);
  });
  const size = samples * tokens * channels;
  const [x, d] = [uniform(size, "x"), uniform(size, "dy")];
  const [shift, scale] = ["shift", "scale"].map((name) => uniform(samples * channels, name));
  const at = (i: number) => Math.floor(i / tokens / channels) * channels + i % channels;
  const [dShift, dScale] = [new Float64Array(shift!.length), new Float64Array(shift!.length)];
  d.forEach((v, i) => {
    dShift[at(i)]! += v;
    dScale[at(i)]! += v * x[i]!;
  });
  const expected = [
    x.map((v, i) => v * (1 + scale![at(i)]!) + shift![at(i)]!),
    d.map((v, i) => v * (1 + scale![at(i)]!)),
    dShift,
    dScale,
  ];
  expected.forEach((numbers, k) => {
    assertAllClose(values[k]!, numbers, { rtol: 1e-5, atol: 1e-5 });
    assertAllClose(values[k]!, values[k + 4]!, { rtol: 1e-5, atol: 1e-5 });
  });
}

Deno.test("modulate() and its gradients equal their definition", async () => {
  for (const shape of SIZES) await check(shape);
});

Deno.test("modulate() computes the same with the wide workgroups of a GPU", async () => {
  suitLanes({ software: false });
  try {
    for (const shape of SIZES) await check(shape);
  } finally {
    await ownLanes();
  }
});

Deno.test("modulate() can be differentiated twice", async () => {
  const { values: [ours, expected] } = await compute(() => {
    const { x, shift, scale } = inputs([2, 3, 4]);
    return [modulate, plain].map((layer) => {
      const slope = (scale: Tensor) =>
        tf.grad((x: Tensor) => tf.sum(tf.square(layer(x, shift, scale))))(x);
      return tf.grad((scale: Tensor) => tf.sum(tf.square(slope(scale))))(scale);
    });
  });
  assert.ok(expected!.some((value) => Math.abs(value) > 1));
  assertAllClose(ours!, expected!, { rtol: 1e-5, atol: 1e-5 });
});

Deno.test("modulate() keeps NaN, takes no samples, and refuses shapes that do not fit", async () => {
  const { values, shapes } = await compute(() => [
    modulate(tf.tensor([NaN, 1, 1, 1], [1, 2, 2]), tf.zeros([1, 2]), tf.zeros([1, 2])),
    modulate(tf.zeros([0, 2, 3]), tf.zeros([0, 3]), tf.zeros([0, 3])),
  ]);
  assert.deepEqual([...values[0]!], [NaN, 1, 1, 1]);
  assert.deepEqual(shapes[1], [0, 2, 3]);
  assert.throws(
    () => modulate(tf.zeros([2, 2, 3]), tf.zeros([2, 3]), tf.zeros([2, 2])),
    { name: "RangeError", message: /x must be \(N, T, D\).*got \(2,2,3\)/ },
  );
});
