import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { registerKernels, useStockKernels } from "../../../lib/engine/kernels/mod.ts";
import { assert } from "../../deps.ts";

const kernels = () =>
  tf.getKernelsForBackend("webgpu").map(({ kernelName, kernelFunc }) => ({
    kernelName,
    kernelFunc,
  }))
    .sort((a, b) => a.kernelName < b.kernelName ? -1 : 1);

Deno.test("useStockKernels() and registerKernels() change places, however often", async () => {
  await openDevice();
  const ours = kernels();
  try {
    useStockKernels();
    const stock = kernels();
    const changed = stock.filter(({ kernelFunc }, i) => kernelFunc !== ours[i]!.kernelFunc);
    assert.ok(changed.some(({ kernelName }) => kernelName === "Conv2DBackpropFilter"));
    assert.ok(changed.length < 20, "most kernels are tfjs's own");
    useStockKernels();
    assert.deepEqual(kernels(), stock);
    registerKernels();
    registerKernels();
    useStockKernels();
    assert.deepEqual(kernels(), stock);
  } finally {
    registerKernels();
  }
});

Deno.test("useStockKernels() decides which shader computes a filter gradient", async () => {
  await openDevice();
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  const original = device.createShaderModule;
  let shaders: string[] = [];
  device.createShaderModule = function (descriptor) {
    shaders.push(descriptor.code);
    return original.call(this, descriptor);
  };
  const gradient = async () => {
    shaders = [];
    const result = tf.tidy(() => {
      // A shape of its own, so that no shader of another test is at hand.
      const x = tf.ones([1, 9, 7, 3]);
      const dy = tf.ones([1, 9, 7, 5]);
      const attributes = { strides: 1, pad: "same", dataFormat: "NHWC", filterShape: [3, 3, 3, 5] };
      return tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, attributes) as tf.Tensor;
    });
    const values = await result.data();
    result.dispose();
    return { values, shaders };
  };
  try {
    useStockKernels();
    const stock = await gradient();
    registerKernels();
    const ours = await gradient();
    assert.ok(stock.shaders.length > 0 && ours.shaders.length > 0);
    assert.ok(ours.shaders.every((code) => !stock.shaders.includes(code)));
    // Sums of ones are exact in any order.
    assert.deepEqual(ours.values, stock.values);
  } finally {
    registerKernels();
    device.createShaderModule = original;
  }
});
