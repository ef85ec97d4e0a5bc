/**
 * A tfjs backend that knows shapes and computes nothing, as PyTorch's device "meta".
 *
 * It is the WebGPU backend with a device that does not exist: networks, kernels and gradients run
 * as they are, each output is made with its shape and its type, and every dispatch is left out. So
 * a network can be run on a machine without a driver, and a large one in no time.
 *
 * @module
 */

import { tf, WebGPUBackend } from "../deps.ts";
import { registerKernels } from "../engine/kernels/mod.ts";
import type { TensorInfo } from "../tensor.ts";

/** The name under which tfjs knows the backend. */
const NAME = "shapes";

/** A kernel that was asked for, with its inputs by name and what it made. */
export interface KernelCall {
  /** Its name, such as `Conv2D`. */
  readonly kernel: string;
  /** Its inputs. */
  readonly inputs: Readonly<Record<string, TensorInfo | undefined>>;
  /** Its first output. */
  readonly output: TensorInfo;
}

/** Hears of each kernel after it was asked for. */
export type KernelListener = (call: KernelCall) => void;

/** The least that WebGPU promises; kernels ask for no more. */
const LIMITS = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBuffersPerShaderStage: 8,
};

/** Takes what the backend and our kernels ask of a device, and does nothing. */
function makeDevice(): GPUDevice {
  const ignore = () => {};
  const pass = {
    setPipeline: ignore,
    setBindGroup: ignore,
    dispatchWorkgroups: ignore,
    end: ignore,
  };
  const device = {
    features: new Set<string>(),
    limits: LIMITS,
    queue: { writeBuffer: ignore, submit: ignore },
    createBuffer: ({ size, usage }: GPUBufferDescriptor) => ({ size, usage, destroy: ignore }),
    createShaderModule: () => ({}),
    createBindGroup: () => ({}),
    createComputePipeline: () => ({ getBindGroupLayout: () => ({}) }),
    createTexture: () => ({ createView: () => ({}) }),
    createCommandEncoder: () => ({
      beginComputePass: () => pass,
      copyBufferToTexture: ignore,
      finish: () => ({}),
    }),
  };
  return device as unknown as GPUDevice;
}

class ShapeBackend extends WebGPUBackend {
  /** Of all tensors. tfjs's own count takes a tensor and its reshaped view for two. */
  bytes = 0;
  /** Of the largest tensor so far. */
  largest = 0;
  readonly listener: KernelListener;

  constructor(listener: KernelListener) {
    super(makeDevice());
    this.listener = listener;
  }

  override uploadToGPU(): void {}

  override write(...args: Parameters<WebGPUBackend["write"]>): object {
    const bytes = bytesOf(args[1]);
    this.bytes += bytes;
    this.largest = Math.max(this.largest, bytes);
    return super.write(...args);
  }

  override disposeData(dataId: object, force?: boolean): boolean {
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    const freed = super.disposeData(dataId, force);
    if (data && freed) this.bytes -= bytesOf(data.shape);
    return freed;
  }

  override runWebGPUProgram(
    ...[program, , dtype, , output]: Parameters<WebGPUBackend["runWebGPUProgram"]>
  ): TensorInfo {
    return output ?? this.makeTensorInfo(program.outputShape, dtype);
  }
}

/** Elements of all types take four bytes on a GPU. */
function bytesOf(shape: readonly number[]): number {
  return 4 * tf.util.sizeFromShape([...shape]);
}

/** Gives the backend all kernels of the WebGPU backend, each of which tells the listener. */
function copyKernels(): void {
  registerKernels();
  for (const kernel of tf.getKernelsForBackend("webgpu")) {
    if (tf.getKernel(kernel.kernelName, NAME)) continue;
    tf.registerKernel({
      ...kernel,
      backendName: NAME,
      kernelFunc: (call) => {
        const result = kernel.kernelFunc(call);
        const output = Array.isArray(result) ? result[0]! : result;
        (call.backend as ShapeBackend).listener({
          kernel: kernel.kernelName,
          inputs: call.inputs,
          output,
        });
        return result;
      },
    });
  }
}

/**
 * Does `work` while tfjs computes shapes only. What reads values fails, and tensors that were made
 * outside have no place in it. Afterwards they are freed, and the backend from before is back.
 *
 * @param work What to do, all of it before it returns; it is given the bytes that all tensors hold, and
 * those of the largest that was ever made.
 * @param listener Hears of each kernel. @default nobody
 */
export function withShapesOnly<T>(
  work: (bytes: () => number, largest: () => number) => T,
  listener: KernelListener = () => {},
): T {
  copyKernels();
  const backend = new ShapeBackend(listener);
  const before = tf.getBackend();
  const onCpu = tf.env().get("WEBGPU_CPU_FORWARD");
  tf.registerBackend(NAME, () => backend, 0);
  // Both are done when the call returns; its promise is for backends that take time to start.
  void tf.setBackend(NAME);
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  try {
    let result: T;
    tf.tidy(() => void (result = work(() => backend.bytes, () => backend.largest)));
    return result!;
  } finally {
    tf.env().set("WEBGPU_CPU_FORWARD", onCpu);
    tf.removeBackend(NAME);
    if (before) void tf.setBackend(before);
  }
}
