import { UsageError } from "../../lib/errors.ts";
import type { Device } from "../../lib/device.ts";
import { requireRoom } from "../../lib/generate/room.ts";
import { assert } from "../deps.ts";

const MNIST = { height: 28, width: 28, channels: 1, classes: 10 };

/** What is looked at of a device whose kernels bind so many bytes. */
function binding(maxStorageBufferBindingSize: number): Pick<Device, "gpu"> {
  return { gpu: { limits: { maxStorageBufferBindingSize } } as GPUDevice };
}

Deno.test("requireRoom() refuses the ContextUnet's batches where its joined images are too large", () => {
  // Before its last block 128 channels of the upward path lie beside 128 of the first one.
  const image = 28 * 28 * 256 * 4;
  requireRoom(binding(256 * image), "cddpm", MNIST, 256);
  assert.throws(() => requireRoom(binding(256 * image - 1), "cddpm", MNIST, 256), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /^Cannot train cddpm with batches of 256: .* 205.5 MB, .* 205.5 MB/,
    );
    assert.match(error.message, /Take --batch-size 255 or less$/);
    return true;
  });
  requireRoom(binding(256 * image - 1), "cddpm", MNIST, 255);
});
