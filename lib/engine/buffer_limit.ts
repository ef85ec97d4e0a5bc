/**
 * Tensors that are too large to be bound, refused when they are made.
 *
 * A kernel reads a tensor through one binding, whose size an adapter limits (128 MiB on llvmpipe).
 * WebGPU itself reports a larger one as an event, long after the call and in its own words.
 *
 * @module
 */

import { TensorSizeError } from "../errors.ts";

/** Has the device throw a {@link TensorSizeError} for a storage buffer that no kernel could bind. */
export function refuseLargeBuffers(gpu: GPUDevice): void {
  const most = gpu.limits.maxStorageBufferBindingSize;
  const create = gpu.createBuffer.bind(gpu);
  gpu.createBuffer = (descriptor) => {
    const { size, usage } = descriptor;
    if ((usage & GPUBufferUsage.STORAGE) && size > most) throw new TensorSizeError(size, most);
    return create(descriptor);
  };
}
