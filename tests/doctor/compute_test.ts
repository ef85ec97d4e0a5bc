import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { checkCompute, LOSSES } from "../../lib/doctor/compute.ts";
import { DeviceError } from "../../lib/errors.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/doctor.json" with { type: "json" };

Deno.test("LOSSES are those of PyTorch", () => {
  assert.deepEqual(LOSSES, fixture.losses);
});

Deno.test("checkCompute() measures small errors where the adapter is right", async () => {
  const report = await checkCompute(await openDevice());
  assert.ok(report.matmul_error < 1e-3 && report.step_error < 1e-4);
  assert.ok(report.matmul_ms > 0 && report.step_ms > 0);
});

Deno.test("checkCompute() leaves no tensor behind", async () => {
  const device = await openDevice();
  await checkCompute(device);
  const before = tf.memory().numTensors;
  await checkCompute(device);
  assert.equal(tf.memory().numTensors, before);
});

/** Runs the check with a kernel whose results are a thousandth too large. */
async function withWrong(kernelName: string, check: () => Promise<void>): Promise<void> {
  const kernel = tf.getKernel(kernelName, "webgpu")!;
  tf.unregisterKernel(kernelName, "webgpu");
  tf.registerKernel({
    ...kernel,
    kernelFunc(given) {
      const right = kernel.kernelFunc(given) as tf.TensorInfo;
      const tensor = tf.engine().makeTensorFromTensorInfo(right);
      return tf.mul(tensor, 1.001);
    },
  });
  try {
    await check();
  } finally {
    tf.unregisterKernel(kernelName, "webgpu");
    tf.registerKernel(kernel);
  }
}

Deno.test("checkCompute() refuses an adapter whose products are wrong", async () => {
  const device = await openDevice();
  await withWrong("BatchMatMul", () =>
    assert.rejects(
      checkCompute(device),
      (error) =>
        error instanceof DeviceError &&
        /product of two 256x256 matrices .* got a difference of 0\.0/.test(error.message),
    ));
});

Deno.test("checkCompute() refuses an adapter whose training steps are wrong", async () => {
  const device = await openDevice();
  await withWrong("InklingLinear", () =>
    assert.rejects(
      checkCompute(device),
      (error) =>
        error instanceof DeviceError && /loss of a training step .* got/.test(error.message),
    ));
});
