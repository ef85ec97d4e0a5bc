/**
 * Standing in tfjs's way to the GPU, and writing down what passes.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { RecordingError } from "../errors.ts";
import type { Arena } from "./arena.ts";
import type { Backend, BufferSource, TensorData, UniformValue } from "./backend.ts";

/** One thing that a step does on the GPU. */
export type Command =
  | {
    readonly kind: "dispatch";
    readonly pipeline: GPUComputePipeline;
    readonly bindGroup: GPUBindGroup;
    readonly workgroups: readonly [number, number, number];
    /** The tfjs kernel that it is part of. */
    readonly kernel: string;
    /** Everything about it that must be the same at every step. */
    readonly identity: string;
  }
  | {
    readonly kind: "copy";
    readonly from: GPUBuffer;
    readonly fromOffset: number;
    readonly to: GPUBuffer;
    readonly toOffset: number;
    readonly size: number;
    readonly kernel: string;
    readonly identity: string;
  }
  | {
    readonly kind: "texture";
    readonly from: GPUTexelCopyBufferInfo;
    readonly to: GPUTexelCopyTextureInfo;
    readonly size: [width: number, height: number];
    readonly kernel: string;
    readonly identity: string;
  };

/** Writes down what passes through the backend's methods. */
export class Recorder {
  /** What was done so far, in order. */
  readonly commands: Command[] = [];
  readonly #backend: Backend;
  readonly #arena: Arena;
  readonly #outside: BufferSource;
  #kernel = "";
  #inputs = "";
  #constants: number[] = [];

  /** A recorder for `active`, whose constants are kept in `arena`. */
  constructor(active: Backend, arena: Arena) {
    this.#backend = active;
    this.#arena = arena;
    this.#outside = active.bufferManager;
  }

  /** Puts the recorder in the backend's way; the result takes it out again. */
  install(): () => void {
    const active = this.#backend;
    const engine = tf.engine();
    const own = new Map<object, Map<string, unknown>>();
    const override = <K extends string>(target: object, method: K, replacement: unknown) => {
      if (!own.has(target)) own.set(target, new Map());
      own.get(target)!.set(method, Object.getOwnPropertyDescriptor(target, method));
      Object.defineProperty(target, method, {
        value: replacement,
        configurable: true,
        writable: true,
      });
    };
    const makeUniforms = active.makeUniforms.bind(active);
    const uploadToGPU = active.uploadToGPU.bind(active);
    const runKernel = engine.runKernel.bind(engine);

    const made = new Set<object>();
    const write = active.write.bind(active);
    override(active, "write", (...args: Parameters<Backend["write"]>) => {
      const dataId = write(...args);
      made.add(dataId);
      return dataId;
    });
    override(engine, "runKernel", (name: string, ...rest: [never, never]) => {
      const outer = this.#kernel;
      this.#kernel = name;
      try {
        return runKernel(name, ...rest);
      } finally {
        this.#kernel = outer;
      }
    });
    override(active, "makeUniforms", (values: UniformValue[]) => {
      // The values that stay as they are for all replays.
      this.#inputs = JSON.stringify(values.map(({ data }) => Array.from(data)));
      const uniforms = makeUniforms(values);
      // Not given back, so that nothing else is ever written into it.
      active.uniformPendingDisposal.pop();
      return uniforms;
    });
    override(active, "uploadToGPU", (dataId: object) => {
      const data = active.tensorMap.get(dataId);
      if (data.resource !== null && data.resource !== undefined) return;
      if (!data.values) uploadToGPU(dataId);
      else if (made.has(dataId)) this.#uploadConstant(data);
      // A tensor from before the step outlives the recording, and so must its buffer.
      else upload(data, active.queue, (size, usage) => this.#outside.acquireBuffer(size, usage));
    });
    override(active, "ensureCommandEncoderReady", () => {
      active.commandEncoder ??= this.#encoder();
    });
    const refuseRead = () => {
      throw new RecordingError(
        "Cannot record the step: it reads a tensor (data, dataSync, array), and a replay does not " +
          "come back to the CPU. Return the tensor instead",
      );
    };
    override(active, "readSync", refuseRead);
    override(active, "read", refuseRead);

    return () => {
      for (const [target, methods] of own) {
        for (const [method, descriptor] of methods) {
          if (descriptor) Object.defineProperty(target, method, descriptor as PropertyDescriptor);
          else delete (target as Record<string, unknown>)[method];
        }
      }
    };
  }

  /** A tensor that the step makes from numbers gets a buffer that keeps them for all replays. */
  #uploadConstant(data: TensorData): void {
    const { queue } = this.#backend;
    this.#constants.push(
      digest(upload(data, queue, (size, usage) => this.#arena.make(size, usage))),
    );
  }
  /** An encoder that writes down what it is told, and passes it on. */
  #encoder(): GPUCommandEncoder {
    const real = this.#backend.device.createCommandEncoder();
    let pass: GPUComputePassEncoder;
    let pipeline: GPUComputePipeline;
    let bindGroup: GPUBindGroup;
    const recordingPass = {
      setPipeline: (value: GPUComputePipeline) => pass.setPipeline(pipeline = value),
      setBindGroup: (index: number, value: GPUBindGroup) => {
        pass.setBindGroup(index, bindGroup = value);
      },
      dispatchWorkgroups: (x: number, y = 1, z = 1) => {
        const identity = `${this.#kernel} ${x},${y},${z} ${this.#inputs} ${this.#takeConstants()}`;
        const kernel = this.#kernel;
        this.commands.push({
          kind: "dispatch",
          pipeline,
          bindGroup,
          workgroups: [x, y, z],
          kernel,
          identity,
        });
        pass.dispatchWorkgroups(x, y, z);
      },
      end: () => pass.end(),
    };
    const encoder = {
      beginComputePass: (descriptor?: GPUComputePassDescriptor) => {
        pass = real.beginComputePass(descriptor);
        return recordingPass;
      },
      copyBufferToBuffer: (
        from: GPUBuffer,
        fromOffset: number,
        to: GPUBuffer,
        toOffset: number,
        size: number,
      ) => {
        const kernel = this.#kernel;
        const identity =
          `${kernel} copy ${fromOffset} ${toOffset} ${size} ${this.#takeConstants()}`;
        this.commands.push({
          kind: "copy",
          from,
          fromOffset,
          to,
          toOffset,
          size,
          kernel,
          identity,
        });
        real.copyBufferToBuffer(from, fromOffset, to, toOffset, size);
      },
      copyBufferToTexture: (
        from: GPUTexelCopyBufferInfo,
        to: GPUTexelCopyTextureInfo,
        size: [number, number],
      ) => {
        const kernel = this.#kernel;
        const identity = `${kernel} texture ${from.offset} ${size} ${this.#takeConstants()}`;
        this.commands.push({ kind: "texture", from, to, size, kernel, identity });
        real.copyBufferToTexture(from, to, size);
      },
      finish: () => real.finish(),
    };
    return encoder as unknown as GPUCommandEncoder;
  }

  #takeConstants(): string {
    const text = this.#constants.join();
    this.#constants = [];
    return text;
  }
}

/** Puts a tensor's values into a buffer of its own; returns their bits. */
function upload(
  data: TensorData,
  queue: GPUQueue,
  make: (size: number, usage: number) => GPUBuffer,
): Int32Array {
  const isInteger = data.dtype === "int32" || data.dtype === "bool";
  const numbers = isInteger ? Int32Array.from(data.values!) : Float32Array.from(data.values!);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = make(4 * Math.max(1, numbers.length), usage);
  queue.writeBuffer(buffer, 0, numbers);
  data.resource = buffer;
  data.values = null;
  return new Int32Array(numbers.buffer);
}

/** FNV-1a over 32-bit words: equal numbers give equal digests, and others almost never do. */
function digest(words: Int32Array): number {
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}
