/** Buffers that belong to one recording. @module */

import type { BufferSource } from "./backend.ts";

/**
 * Stands in for tfjs's buffer manager while a step is recorded. A buffer that the step frees is
 * handed out again within the step, in the same order at every replay, and never outside of it.
 */
export class Arena implements BufferSource {
  readonly #device: GPUDevice;
  readonly #outside: BufferSource;
  readonly #own = new Set<GPUBuffer>();
  readonly #foreign: [buffer: GPUBuffer, reuse: boolean][] = [];
  readonly #free = new Map<string, GPUBuffer[]>();
  readonly #shared = new Set<GPUBuffer>();

  /**
   * An empty arena.
   *
   * @param device Where buffers are made.
   * @param outside Takes back buffers that are not of this arena: of tensors made before the step.
   */
  constructor(device: GPUDevice, outside: BufferSource) {
    this.#device = device;
    this.#outside = outside;
  }

  /** A free buffer of this size and usage, or a new one. */
  acquireBuffer(size: number, usage: number, mapped = false, reuse = true): GPUBuffer {
    const free = reuse && !mapped ? this.#free.get(`${size}_${usage}`)?.pop() : undefined;
    if (free) return free;
    const buffer = this.make(size, usage, mapped);
    this.#shared.add(buffer);
    return buffer;
  }

  /**
   * A buffer that no other use will share, even when it is released: what is written into it once
   * must be there at every replay.
   */
  make(size: number, usage: number, mapped = false): GPUBuffer {
    const buffer = this.#device.createBuffer({ size, usage, mappedAtCreation: mapped });
    this.#own.add(buffer);
    return buffer;
  }

  /** Frees a buffer for later in the step. */
  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    if (!this.#own.has(buffer)) {
      this.#foreign.push([buffer, reuse]);
      return;
    }
    if (!this.#shared.has(buffer)) return;
    const key = `${buffer.size}_${buffer.usage}`;
    const free = this.#free.get(key);
    if (free) free.push(buffer);
    else this.#free.set(key, [buffer]);
  }

  /**
   * Gives back the buffers of tensors from before the step that the step freed. Not earlier: handed
   * out again, they would be written before the commands that still read them are submitted.
   */
  releaseForeign(): void {
    for (const [buffer, reuse] of this.#foreign) this.#outside.releaseBuffer(buffer, reuse);
    this.#foreign.length = 0;
  }

  /** Bytes of all buffers. */
  get size(): number {
    let bytes = 0;
    for (const buffer of this.#own) bytes += buffer.size;
    return bytes;
  }

  /** Destroys all buffers. */
  dispose(): void {
    for (const buffer of this.#own) buffer.destroy();
    this.#own.clear();
    this.#shared.clear();
    this.#free.clear();
  }
}
