import { openDevice } from "../../../lib/device.ts";
import { tf } from "../../../lib/deps.ts";
import { gatedResidual } from "../../../lib/engine/kernels/gated_residual.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import type { Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";
import { uniform } from "./norm_case.ts";
import { ownLanes } from "../own_lanes.ts";

await openDevice();

const SIZES: readonly [number, number, number][] = [[1, 1, 1], [3, 5, 7], [2, 9, 64], [5, 1, 12]];

function inputs(shape: readonly number[]): [x: Tensor, gate: Tensor, y: Tensor, dy: Tensor] {
  const [samples, , channels] = shape as [number, number, number];
  const make = (name: string, sizes: number[]) =>
    tf.tensor(uniform(tf.util.sizeFromShape(sizes), name), sizes);
  const all = [...shape];
  return [make("x", all), make("gate", [samples, channels]), make("y", all), make("dy", all)];
}

async function check(shape: readonly [number, number, number]): Promise<void> {
  const [samples, tokens, channels] = shape;
  const { values: [output, dx, dGate, dy] } = await compute(() => {
    const [x, gate, y, d] = inputs(shape);
    return [gatedResidual(x, gate, y), ...tf.grads(gatedResidual)([x, gate, y], d)];
  });
  const size = samples * tokens * channels;
  const [x, y, d] = ["x", "y", "dy"].map((name) => uniform(size, name)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const gate = uniform(samples * channels, "gate");
  const gateOf = (i: number) => Math.floor(i / tokens / channels) * channels + i % channels;
  const expected = x.map((v, i) => v + gate[gateOf(i)]! * y[i]!);
  const expectedGate = new Float64Array(gate.length);
  d.forEach((v, i) => expectedGate[gateOf(i)]! += v * y[i]!);
  const tolerance = { rtol: 1e-5, atol: 1e-5 };
  assertAllClose(output!, expected, tolerance);
  assertAllClose(dx!, d, { rtol: 0, atol: 0 });
  assertAllClose(dGate!, expectedGate, tolerance);
  assertAllClose(dy!, d.map((v, i) => v * gate[gateOf(i)]!), tolerance);
}

Deno.test("gatedResidual() and its gradients equal their definition", async () => {
  for (const shape of SIZES) await check(shape);
});

Deno.test("gatedResidual() computes the same with the wide workgroups of a GPU", async () => {
  suitLanes({ software: false });
  try {
    for (const shape of SIZES) await check(shape);
  } finally {
    await ownLanes();
  }
});

Deno.test("gatedResidual() can be differentiated twice", async () => {
  const { values: [ours, plain] } = await compute(() => {
    const [x, gate, y] = inputs([2, 3, 4]);
    const layers = [
      (gate: Tensor, y: Tensor) => gatedResidual(x, gate, y),
      (gate: Tensor, y: Tensor) => tf.add(x, tf.mul(tf.expandDims(gate, 1), y)),
    ];
    return layers.map((layer) => {
      const slope = (gate: Tensor) => tf.grad((y: Tensor) => tf.sum(tf.square(layer(gate, y))))(y);
      return tf.grad((gate: Tensor) => tf.sum(tf.square(slope(gate))))(gate);
    });
  });
  assert.ok(plain!.some((value) => Math.abs(value) > 1));
  assertAllClose(ours!, plain!, { rtol: 1e-5, atol: 1e-5 });
});

Deno.test("gatedResidual() keeps NaN, takes no samples, and refuses shapes that do not fit", async () => {
  const { values, shapes } = await compute(() => [
    gatedResidual(tf.zeros([1, 2, 2]), tf.zeros([1, 2]), tf.tensor([NaN, 1, 1, 1], [1, 2, 2])),
    gatedResidual(tf.zeros([0, 2, 3]), tf.zeros([0, 3]), tf.zeros([0, 2, 3])),
  ]);
  assert.deepEqual([...values[0]!], [NaN, 0, 0, 0]);
  assert.deepEqual(shapes[1], [0, 2, 3]);
  assert.throws(
    () => gatedResidual(tf.zeros([2, 2, 3]), tf.zeros([2, 2]), tf.zeros([2, 2, 3])),
    { name: "RangeError", message: /x and y must be \(N, T, D\).*got \(2,2,3\)/ },
  );
});
