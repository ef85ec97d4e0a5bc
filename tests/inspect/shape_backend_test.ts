import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { inspectPreset } from "../../lib/inspect/presets.ts";
import { withShapesOnly } from "../../lib/inspect/shape_backend.ts";
import { assert } from "../deps.ts";

Deno.test("withShapesOnly() needs no device, and leaves none behind", () => {
  const shape = withShapesOnly(() => tf.matMul(tf.zeros([2, 3]), tf.zeros([3, 4])).shape);
  assert.deepEqual(shape, [2, 4]);
  assert.equal(tf.findBackend("shapes"), null);
});

Deno.test("withShapesOnly() hears each kernel with the shapes of inputs and output", () => {
  const heard: unknown[] = [];
  withShapesOnly(
    () => tf.conv2d(tf.zeros([2, 6, 6, 1]) as tf.Tensor4D, tf.zeros([3, 3, 1, 4]), 1, "valid"),
    ({ kernel, inputs, output }) => {
      heard.push([kernel, inputs.x?.shape, inputs.filter?.shape, output.shape]);
    },
  );
  assert.deepEqual(heard, [["Conv2D", [2, 6, 6, 1], [3, 3, 1, 4], [2, 4, 4, 4]]]);
});

Deno.test("withShapesOnly() counts the bytes of a tensor and its view once", () => {
  withShapesOnly((bytes) => {
    const x = tf.zeros([2, 3]);
    const view = tf.reshape(x, [6]);
    assert.equal(bytes(), 24);
    x.dispose();
    assert.equal(bytes(), 24);
    view.dispose();
    assert.equal(bytes(), 0);
  });
});

Deno.test("withShapesOnly() puts the open device back, with its tensors, also after an error", async () => {
  await openDevice();
  const x = tf.tensor2d([[1, 2], [3, 4]]);
  const { numTensors } = tf.memory();
  inspectPreset("resnet", { height: 28, width: 28, channels: 1, classes: 10 });
  assert.throws(
    () =>
      withShapesOnly(() => {
        tf.zeros([3]);
        throw new TypeError("a defect");
      }),
    TypeError,
  );
  assert.equal(tf.getBackend(), "webgpu");
  assert.equal(tf.memory().numTensors, numTensors);
  assert.equal(tf.env().get("WEBGPU_CPU_FORWARD"), false);
  assert.deepEqual([...await tf.matMul(x, x).data()], [7, 10, 15, 22]);
});
