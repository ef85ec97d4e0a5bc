/**
 * The parts of tfjs's WebGPU backend that are not in its types and that the engine works with, named
 * in one place. They are those of version 4.22.0.
 *
 * @module
 */

import { tf } from "../deps.ts";

/** What the backend keeps of a tensor. */
export interface TensorData {
  /** Values on the CPU: not yet uploaded, or read back. */
  values: ArrayLike<number> | null;
  /** The tensor's buffer on the GPU. */
  resource: GPUBuffer | null;
  /** Element type. */
  readonly dtype: string;
  /** Shape. */
  readonly shape: readonly number[];
}

/** Hands out buffers and takes them back. */
export interface BufferSource {
  /** A buffer of this size and usage. */
  acquireBuffer(size: number, usage: number, mapped?: boolean, reuse?: boolean): GPUBuffer;
  /** Takes a buffer back, to hand it out again (`reuse`) or to destroy it. */
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
}

/** A value in a uniform block, as the backend passes it. */
export interface UniformValue {
  /** Its type. */
  readonly type: string;
  /** Its numbers. */
  readonly data: readonly number[];
}

/** The backend. */
export interface Backend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  bufferManager: BufferSource;
  readonly tensorMap: { get(dataId: object): TensorData; has(dataId: object): boolean };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  /** Tensors that encoded commands use: freed, they wait for the next submit. */
  readonly commandQueueOwnedIds: { add(dataId: object): void };
  readonly uniformPendingDisposal: GPUBuffer[];
  makeUniforms(values: UniformValue[]): { offset: number; size: number; buffer: GPUBuffer };
  uploadToGPU(dataId: object): void;
  write(values: unknown, shape: number[], dtype: string): object;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  readSync(dataId: object): unknown;
  read(dataId: object): Promise<unknown>;
}

/** The active backend, which must be tfjs's WebGPU one. */
export function backend(): Backend {
  return tf.backend() as unknown as Backend;
}

/** Submits whatever the backend has encoded so far. */
export function flush(): void {
  const active = backend();
  if (active.commandEncoder === null) return;
  active.endComputePassEncoder();
  active.submitQueue();
}

/** The buffer of a tensor, uploaded if need be. */
export function bufferOf(tensor: { readonly dataId: object }): GPUBuffer {
  const active = backend();
  active.uploadToGPU(tensor.dataId);
  return active.tensorMap.get(tensor.dataId).resource!;
}

/** Replaces the values of a tensor on the GPU from its first on, between steps. */
export function writeValues(
  tensor: { readonly dataId: object },
  values: Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
): void {
  const buffer = bufferOf(tensor);
  // What is encoded but not submitted would run after the write: commands that still want the old
  // values, and the tensor's own upload.
  flush();
  backend().queue.writeBuffer(buffer, 0, values);
  forgetValues(tensor);
}

let onUpdate: ((dataId: object) => void) | undefined;

/** Forgets the values of a tensor that were read back: its buffer holds others now. */
export function forgetValues(tensor: { readonly dataId: object }): void {
  backend().tensorMap.get(tensor.dataId).values = null;
  onUpdate?.(tensor.dataId);
}

/** Calls `listener` with the data of every tensor that is updated in place; without it, no more. */
export function listenToUpdates(listener?: (dataId: object) => void): void {
  onUpdate = listener;
}

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** The compute pipeline of WGSL with bindings of its own, made once for each `key`. */
export function makePipeline(key: string, code: () => string): GPUComputePipeline {
  const { device } = backend();
  let cache = pipelines.get(device);
  if (cache === undefined) pipelines.set(device, cache = new Map());
  let pipeline = cache.get(key);
  if (pipeline === undefined) {
    const module = device.createShaderModule({ code: code() });
    pipeline = device.createComputePipeline({ label: key, layout: "auto", compute: { module } });
    cache.set(key, pipeline);
  }
  return pipeline;
}

/** Dispatches a pipeline of {@link makePipeline} among tfjs's own commands, in their order. */
export function dispatchRaw(
  pipeline: GPUComputePipeline,
  bindGroup: GPUBindGroup,
  tensors: readonly { readonly dataId: object }[],
  workgroups: readonly [number, number, number],
): void {
  const active = backend();
  for (const { dataId } of tensors) active.commandQueueOwnedIds.add(dataId);
  active.ensureCommandEncoderReady();
  active.computePassEncoder ??= active.commandEncoder!.beginComputePass();
  active.computePassEncoder.setPipeline(pipeline);
  active.computePassEncoder.setBindGroup(0, bindGroup);
  active.computePassEncoder.dispatchWorkgroups(...workgroups);
  active.dispatchCountInPass++;
}
