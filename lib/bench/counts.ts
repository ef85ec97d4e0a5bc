/** What a piece of work asks of the WebGPU device. @module */

import { backend } from "../engine/backend.ts";

/** Calls by kind. */
export interface Counts {
  /** Dispatches of compute shaders. */
  readonly dispatches: number;
  /** Objects made and uploads: bind groups, buffers, `writeBuffer`, pipelines, shader modules. */
  readonly creations: number;
}

const CREATIONS = [
  "createBindGroup",
  "createBuffer",
  "createComputePipeline",
  "createComputePipelineAsync",
  "createShaderModule",
] as const;

/** Counts what `work` asks of the active backend's device. Not under a clock: counting costs. */
export async function countCalls(work: () => void | Promise<void>): Promise<Counts> {
  const { device, queue } = backend();
  let dispatches = 0;
  let creations = 0;
  const restore = CREATIONS.map((method) => watch(device, method, () => void creations++));
  restore.push(watch(queue, "writeBuffer", () => void creations++));
  // Encoders and passes live shorter than the count, and need no restoring.
  restore.push(watch(device, "createCommandEncoder", (encoder) => {
    watch(encoder as GPUCommandEncoder, "beginComputePass", (pass) => {
      watch(pass as GPUComputePassEncoder, "dispatchWorkgroups", () => void dispatches++);
    });
  }));
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return { dispatches, creations };
}

/**
 * Counts of doing `work` once more: with what belongs to a call of `work`, such as reading its
 * losses, taken off.
 */
export async function countOnce(work: (times: number) => Promise<void>): Promise<Counts> {
  const few = await countCalls(() => work(1));
  const more = await countCalls(() => work(2));
  return {
    dispatches: more.dispatches - few.dispatches,
    creations: more.creations - few.creations,
  };
}

/** Calls `seen` with what `method` of `target` returned, each time; the result undoes it. */
export function watch<T extends object>(
  target: T,
  method: keyof T & string,
  seen: (result: unknown) => void,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, method);
  const original = target[method] as (...args: unknown[]) => unknown;
  const replacement = (...args: unknown[]) => {
    const result = original.apply(target, args);
    seen(result);
    return result;
  };
  Object.defineProperty(target, method, { value: replacement, configurable: true, writable: true });
  return () => {
    if (before) Object.defineProperty(target, method, before);
    else delete target[method];
  };
}
