import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { type Program, run } from "../../lib/engine/program.ts";
import { assert } from "../deps.ts";
import { compute } from "./poisoned.ts";

/** Writes all of its output but one element. */
const LEAVES_ONE_OUT: Program = {
  key: "test_leaves_one_out",
  outputShape: [5],
  inputs: ["x"],
  code: `fn main(index : i32) {
    if (index < uniforms.size && index != 3) { result[index] = x[index]; }
  }`,
};

Deno.test("compute() shows an element that a program leaves unwritten", async () => {
  await openDevice();
  const { values, programs } = await compute(() => {
    const x = tf.tensor1d([1, 2, 3, 4, 5]);
    return [tf.engine().makeTensorFromTensorInfo(run(LEAVES_ONE_OUT, [x]))];
  });
  assert.deepEqual([...values[0]!], [1, 2, 3, NaN, 5]);
  assert.deepEqual(programs, ["test_leaves_one_out"]);
});

Deno.test("compute() shows it in a result in between too", async () => {
  await openDevice();
  const { values } = await compute(() => {
    const x = tf.tensor1d([1, 2, 3, 4, 5]);
    const between = tf.engine().makeTensorFromTensorInfo(run(LEAVES_ONE_OUT, [x]));
    return [tf.sum(between)];
  });
  assert.deepEqual([...values[0]!], [NaN]);
});
