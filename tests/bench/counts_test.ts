import { countCalls, countOnce } from "../../lib/bench/counts.ts";
import { gpuDone } from "../../lib/bench/stopwatch.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { assert } from "../deps.ts";

const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;

Deno.test("countCalls() counts dispatches, objects and uploads, each once", async () => {
  const { gpu } = await openDevice();
  const module = () =>
    gpu.createShaderModule({
      code: `@group(0) @binding(0) var<storage, read_write> a : array<f32>;
        @compute @workgroup_size(1) fn main() { a[0] += 1.0; }`,
    });
  const counts = await countCalls(() => {
    const buffer = gpu.createBuffer({ size: 16, usage: STORAGE });
    gpu.queue.writeBuffer(buffer, 0, new Float32Array(4));
    const pipeline = gpu.createComputePipeline({ layout: "auto", compute: { module: module() } });
    const bindGroup = gpu.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer } }],
    });
    const encoder = gpu.createCommandEncoder();
    for (const dispatches of [1, 2]) {
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      for (let i = 0; i < dispatches; i++) pass.dispatchWorkgroups(1);
      pass.end();
    }
    gpu.queue.submit([encoder.finish()]);
  });
  assert.deepEqual(counts, { dispatches: 3, creations: 5 });
});

Deno.test("countCalls() leaves the device as it was, also after an error", async () => {
  const { gpu } = await openDevice();
  const own = () => [Object.getOwnPropertyDescriptors(gpu), Object.keys(gpu.queue)];
  const before = own();
  await assert.rejects(
    countCalls(() => {
      throw new RangeError("stop");
    }),
    RangeError,
  );
  assert.deepEqual(own(), before);
});

Deno.test("countOnce() takes off what belongs to a call", async () => {
  await openDevice();
  const x = tf.tensor1d([1, 2, 3]);
  const work = async (times: number) => {
    tf.square(x).dispose();
    for (let i = 0; i < times; i++) tf.exp(x).dispose();
    await gpuDone();
  };
  await work(1);
  const { dispatches } = await countOnce(work);
  assert.equal(dispatches, 1);
  x.dispose();
});
