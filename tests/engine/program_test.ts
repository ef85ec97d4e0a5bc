import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { bufferOf } from "../../lib/engine/backend.ts";
import { type Program, run, runInPlace } from "../../lib/engine/program.ts";
import { assert } from "../deps.ts";

const ADD: Program = {
  key: "test_add",
  outputShape: [5],
  inputs: ["x"],
  uniforms: "factor : f32, offset : i32,",
  code: `fn main(index : i32) {
    if (index < uniforms.size) {
      result[index] += uniforms.factor * x[index] + f32(uniforms.offset);
    }
  }`,
};

const uniforms = (factor: number, offset: number) => [
  { type: "float32" as const, data: [factor] },
  { type: "int32" as const, data: [offset] },
];

Deno.test("runInPlace() changes the tensor, and data() sees it after an earlier read", async () => {
  const device = await openDevice();
  const target = tf.tensor1d([1, 2, 3, 4, 5]);
  const x = tf.tensor1d([0, 1, 0, -1, 0.5]);
  const buffer = bufferOf(target);
  runInPlace(ADD, target, [x], uniforms(2, 10));
  assert.deepEqual([...await target.data()], [11, 14, 13, 12, 16]);
  runInPlace(ADD, target, [x], uniforms(-1, 0));
  assert.deepEqual([...await target.data()], [11, 13, 13, 13, 15.5]);
  assert.equal(bufferOf(target), buffer);
  assert.deepEqual([...await x.data()], [0, 1, 0, -1, 0.5]);
  device.check();
  tf.dispose([target, x]);
});

Deno.test("runInPlace() changes what operations before it read no more, and those after it do", async () => {
  await openDevice();
  const target = tf.tensor1d([1, 2, 3, 4, 5]);
  const x = tf.ones([5]);
  const before = tf.add(target, 0);
  runInPlace(ADD, target, [x], uniforms(1, 0));
  const after = tf.add(target, 0);
  assert.deepEqual([...await before.data()], [1, 2, 3, 4, 5]);
  assert.deepEqual([...await after.data()], [2, 3, 4, 5, 6]);
  tf.dispose([target, x, before, after]);
});

Deno.test("runInPlace() makes no tensor", async () => {
  await openDevice();
  const target = tf.variable(tf.zeros([5]), false);
  const x = tf.ones([5]);
  const { numTensors } = tf.memory();
  runInPlace(ADD, target, [x], uniforms(1, 1));
  assert.equal(tf.memory().numTensors, numTensors);
  assert.deepEqual([...await target.data()], [2, 2, 2, 2, 2]);
  tf.dispose([target, x]);
});

Deno.test("run() takes vectors, a dispatch of its own and more than one workgroup axis", async () => {
  const device = await openDevice();
  const x = tf.range(0, 24);
  const scaled = tf.engine().makeTensorFromTensorInfo(run(
    {
      key: "test_rows_of_vectors",
      outputShape: [3, 8],
      inputs: ["x"],
      components: [4],
      workgroupSize: [2, 1, 1],
      dispatch: [1, 3, 1],
      code: `fn main(index : i32) {
        let at = i32(workgroupId.y) * 2 + i32(localId.x);
        for (var i = 0; i < 4; i++) {
          if (4 * at + i < uniforms.size) { result[4 * at + i] = 2.0 * x[at][i]; }
        }
      }`,
    },
    [x],
  ));
  assert.deepEqual(scaled.shape, [3, 8]);
  assert.deepEqual([...await scaled.data()], Array.from({ length: 24 }, (_, i) => 2 * i));
  device.check();
  tf.dispose([x, scaled]);
});
