import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { compileStep } from "../../lib/engine/step.ts";
import { DeviceError, TensorSizeError } from "../../lib/errors.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { scaledBytes } from "../../lib/text.ts";
import { assert } from "../deps.ts";

/** The number of float32 values that a kernel can just bind. */
async function room(): Promise<number> {
  return Math.floor((await openDevice()).gpu.limits.maxStorageBufferBindingSize / 4);
}

Deno.test("a tensor that no kernel can bind is refused at once, with the size that fits", async () => {
  const values = await room();
  assert.throws(() => tf.fill([2 * values], 0), (error) => {
    assert.ok(error instanceof TensorSizeError && error instanceof DeviceError);
    const start = `Cannot hold a tensor of ${scaledBytes(8 * values)}:`;
    assert.ok(error.message.startsWith(start), error.message);
    assert.match(error.message, /--batch-size.* at most 50 % of the size\.$/);
    return true;
  });
  (await openDevice()).check();
});

Deno.test("a step with such a tensor is refused, and the next step computes", async () => {
  const device = await openDevice();
  const values = await room();
  const make = (size: number) => compileStep(() => tf.sum(tf.fill([size], 1)) as Scalar);
  const tooLarge = make(values + 1);
  await assert.rejects(tooLarge.run(3), TensorSizeError);
  tooLarge.dispose();

  const small = make(10);
  assert.deepEqual([...await small.run(3)], [10, 10, 10]);
  small.dispose();
  device.check();
});
