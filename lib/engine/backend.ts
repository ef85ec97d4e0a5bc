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

/** Forgets the values of a tensor that were read back: its buffer holds others now. */
export function forgetValues(tensor: { readonly dataId: object }): void {
  backend().tensorMap.get(tensor.dataId).values = null;
}
