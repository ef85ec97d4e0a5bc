/** Running kernels on memory that holds NaN wherever they do not write. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Arena } from "../../lib/engine/arena.ts";
import { backend, flush } from "../../lib/engine/backend.ts";
import type { Tensor } from "../../lib/tensor.ts";

/** What {@link compute} saw. */
export interface Computed {
  /** The values of each tensor returned. */
  readonly values: readonly Float32Array[];
  /** The shape of each. */
  readonly shapes: readonly (readonly number[])[];
  /** The keys of the programs dispatched, in order. */
  readonly programs: readonly string[];
}

/** Every buffer a new one: fresh memory is zero, and an output left unwritten would look right. */
class PoisonedArena extends Arena {
  override acquireBuffer(size: number, usage: number, mapped = false): GPUBuffer {
    const buffer = this.make(size, usage, mapped);
    if (!mapped && (usage & GPUBufferUsage.STORAGE) !== 0) {
      backend().queue.writeBuffer(buffer, 0, new Float32Array(size / 4).fill(NaN));
    }
    return buffer;
  }
}

/**
 * Runs `fn`, which must make its inputs itself, and reads what it returns. All buffers that it gets,
 * for results in between too, are full of NaN.
 *
 * @throws {DeviceError} When the device refused something.
 */
export async function compute(fn: () => Tensor[]): Promise<Computed> {
  const device = await openDevice();
  flush();
  const active = backend();
  const own = active.bufferManager;
  const arena = new PoisonedArena(device.gpu, own);
  const programs: string[] = [];
  const restore = listen(programs);
  active.bufferManager = arena;
  try {
    const tensors = tf.tidy(fn);
    const values = await Promise.all(tensors.map((t) => t.data() as Promise<Float32Array>));
    const shapes = tensors.map(({ shape }) => shape);
    tf.dispose(tensors);
    device.check();
    return { values, shapes, programs };
  } finally {
    flush();
    active.bufferManager = own;
    restore();
    arena.dispose();
  }
}

/** Writes down the keys of the programs that the backend is asked to run, until told to stop. */
function listen(programs: string[]): () => void {
  const active = backend() as unknown as { runWebGPUProgram: (...args: unknown[]) => unknown };
  const { runWebGPUProgram } = active;
  active.runWebGPUProgram = (...args) => {
    programs.push((args[0] as { shaderKey: string }).shaderKey);
    return runWebGPUProgram.apply(active, args);
  };
  return () => {
    active.runWebGPUProgram = runWebGPUProgram;
  };
}

/** Whether one of the programs is this project's; otherwise the stock kernels did all. */
export function isOurs({ programs }: Computed): boolean {
  return programs.some((key) => key.startsWith("inkling_"));
}
