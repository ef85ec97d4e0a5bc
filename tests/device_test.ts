import { tf } from "../lib/deps.ts";
import { adapterLimits, describeAdapter, openDevice, requestAdapter } from "../lib/device.ts";
import { run } from "../lib/engine/program.ts";
import { DeviceError } from "../lib/errors.ts";
import { assert } from "./deps.ts";

/** An adapter that tells no more than its name. */
function adapterNamed(info: Partial<GPUAdapterInfo>): GPUAdapter {
  return {
    info: { description: "", device: "", vendor: "", isFallbackAdapter: false, ...info },
  } as GPUAdapter;
}

/** Waits until the device has done all so far, so that its errors have arrived. */
async function settle(gpu: GPUDevice): Promise<void> {
  await gpu.queue.onSubmittedWorkDone();
  await new Promise((resolve) => setTimeout(resolve, 20));
}

Deno.test("openDevice() gives the same device each time, and it is tfjs's", async () => {
  const device = await openDevice();
  assert.equal(await openDevice(), device);
  assert.equal(tf.getBackend(), "webgpu");
  assert.equal((tf.backend() as unknown as { device: GPUDevice }).device, device.gpu);
});

Deno.test("openDevice() asks for all that the adapter offers", async () => {
  const { gpu } = await openDevice();
  const { maxStorageBuffersPerShaderStage } = adapterLimits(await requestAdapter());
  assert.ok(maxStorageBuffersPerShaderStage! > 0);
  assert.equal(gpu.limits.maxStorageBuffersPerShaderStage, maxStorageBuffersPerShaderStage);
});

Deno.test("Device.check() throws the error of a shader that does not parse, once", async () => {
  const device = await openDevice();
  device.check();
  device.gpu.createShaderModule({ code: "fn main( {" });
  await settle(device.gpu);
  assert.throws(
    () => device.check(),
    (error) =>
      error instanceof DeviceError && error.exitCode === 1 &&
      /^Cannot run on the GPU: .*expected/i.test(error.message) && !error.message.includes("\n"),
  );
  device.check();
});

Deno.test("Device.check() throws what went wrong first when a tfjs kernel's shader is refused", async () => {
  const device = await openDevice();
  const x = tf.tensor1d([1, 2]);
  const y = run(
    {
      key: "test_unknown_name",
      outputShape: [2],
      inputs: ["x"],
      code: "fn main(index : i32) { result[index] = no_such_name; }",
    },
    [x],
  );
  const tensor = tf.engine().makeTensorFromTensorInfo(y);
  await tensor.data();
  await settle(device.gpu);
  assert.throws(
    () => device.check(),
    (error) => error instanceof DeviceError && /no_such_name/.test(error.message),
  );
  device.check();
  tf.dispose([x, tensor]);
  const sum = tf.add(1, 2);
  assert.deepEqual([...await sum.data()], [3], "the device still works");
  device.check();
  sum.dispose();
});

Deno.test("describeAdapter() marks software adapters", () => {
  const names = [
    "llvmpipe (LLVM 15.0.6, 256 bits)",
    "SwiftShader Device (Subzero)",
    "Microsoft Basic Render Driver",
  ];
  for (const description of names) {
    const adapter = describeAdapter(adapterNamed({ description, vendor: "65541" }));
    assert.deepEqual(adapter, { name: description, vendor: "65541", software: true });
  }
  assert.ok(describeAdapter(adapterNamed({ device: "X", isFallbackAdapter: true })).software);
});

Deno.test("describeAdapter() marks no GPU as software, and names what has no name", () => {
  for (const description of ["NVIDIA H200", "AMD Radeon RX 7900 XT (RADV NAVI31)", "Apple M2"]) {
    assert.equal(describeAdapter(adapterNamed({ description })).software, false);
  }
  assert.equal(describeAdapter(adapterNamed({ device: "0x2335" })).name, "0x2335");
  assert.equal(describeAdapter(adapterNamed({})).name, "unnamed adapter");
});

Deno.test({
  name: "openDevice() says what to install where there is no adapter",
  ignore: Deno.build.os !== "linux",
  fn: refuseWithoutAdapter,
});

async function refuseWithoutAdapter(): Promise<void> {
  const script = `
    import { openDevice } from ${JSON.stringify(import.meta.resolve("../lib/device.ts"))};
    await openDevice().catch(({ name, message }) => console.log(JSON.stringify({ name, message })));
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    cwd: new URL("../", import.meta.url),
    env: {
      // Otherwise Deno would go on to look for an OpenGL adapter.
      DENO_WEBGPU_BACKEND: "vulkan",
      VK_DRIVER_FILES: "/nonexistent",
      VK_ICD_FILENAMES: "/nonexistent",
    },
    stderr: "null",
  }).output();
  const { name, message } = JSON.parse(new TextDecoder().decode(stdout));
  assert.equal(name, "DeviceError");
  assert.match(message, /^Cannot use the GPU: no Vulkan adapter found\. Install .*apt-get install/);
  assert.ok(!message.includes("\n"));
}
