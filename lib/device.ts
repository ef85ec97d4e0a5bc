/**
 * From a WebGPU adapter to a tfjs backend that fails loudly.
 *
 * tfjs would make a device of its own, with 8 storage buffers a stage and with shader errors that
 * nobody hears. This module makes the device with all that the adapter offers, registers it as
 * tfjs's `webgpu` backend, and turns what goes wrong on it into a {@link DeviceError}.
 *
 * @module
 */

import { tf, WebGPUBackend } from "./deps.ts";
import { refuseLargeBuffers } from "./engine/buffer_limit.ts";
import { installCollector } from "./engine/collect.ts";
import { suitLanes } from "./engine/kernels/lanes.ts";
import { registerKernels } from "./engine/kernels/mod.ts";
import { tune } from "./engine/tuning.ts";
import { DeviceError } from "./errors.ts";

/** What is known of the adapter that a run used, as it is recorded in `config.json`. */
export interface AdapterInfo {
  /** The adapter's own description, such as `llvmpipe (LLVM 15.0.6, 256 bits)`. */
  readonly name: string;
  /** The vendor, as a name or a PCI id; empty when the adapter does not tell. */
  readonly vendor: string;
  /** Whether it computes on the CPU: right results, slowly. */
  readonly software: boolean;
}

/** An open device, registered as tfjs's backend. */
export interface Device {
  /** The WebGPU device. */
  readonly gpu: GPUDevice;
  /** The adapter that it came from. */
  readonly adapter: AdapterInfo;
  /**
   * Throws what went wrong on the device since the last call.
   *
   * Shader and validation errors arrive as events, later than the call that caused them. The
   * training loop asks at every step, so that no result is built on a dispatch that never ran.
   *
   * @throws {DeviceError} After a validation, memory or shader error, or when the device is lost.
   */
  check(): void;
}

const HOW_TO_GET_A_DRIVER =
  "Install the graphics driver of your GPU, or the software adapter: on Debian and Ubuntu " +
  "`apt-get install mesa-vulkan-drivers libvulkan1`, on Fedora `dnf install mesa-vulkan-drivers`. " +
  "`deno task doctor` shows what is found.";

/** Software adapters that do not set `isFallbackAdapter` are known by name. */
const SOFTWARE_NAMES = /llvmpipe|lavapipe|swiftshader|basic render|software/i;

/**
 * Asks the runtime for its best adapter.
 *
 * @throws {DeviceError} When there is no WebGPU or no adapter, with what to install.
 */
export async function requestAdapter(): Promise<GPUAdapter> {
  if (!("gpu" in navigator)) {
    throw new DeviceError(
      "Cannot use the GPU: this runtime has no navigator.gpu. Use Deno 2.9 or later.",
    );
  }
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) {
    throw new DeviceError(`Cannot use the GPU: no Vulkan adapter found. ${HOW_TO_GET_A_DRIVER}`);
  }
  return adapter;
}

/** Reads what is worth recording of an adapter. */
export function describeAdapter(adapter: GPUAdapter): AdapterInfo {
  const { description, device, vendor, isFallbackAdapter } = adapter.info;
  const name = description || device || "unnamed adapter";
  return { name, vendor, software: isFallbackAdapter || SOFTWARE_NAMES.test(name) };
}

/** All limits of an adapter, by name. */
export function adapterLimits(adapter: GPUAdapter): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const key in adapter.limits) {
    const value = adapter.limits[key as keyof GPUSupportedLimits];
    if (typeof value === "number") limits[key] = value;
  }
  return limits;
}

/** What is asked of an adapter that has it: the time that a profile shows. */
const FEATURES: readonly GPUFeatureName[] = ["timestamp-query"];

let opened: Promise<Device> | undefined;

/**
 * Opens the device once for the whole process and makes it tfjs's backend.
 *
 * @throws {DeviceError} When there is no adapter or it refuses to give a device.
 *
 * @example A product on the GPU
 * ```ts
 * import { openDevice } from "./device.ts";
 * import { tf } from "./deps.ts";
 * import assert from "node:assert/strict";
 *
 * await openDevice();
 * const product = tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]]));
 * assert.equal((await product.data())[0], 11);
 * ```
 */
export function openDevice(): Promise<Device> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Device> {
  const adapter = await requestAdapter();
  let gpu: GPUDevice;
  try {
    gpu = await adapter.requestDevice({
      requiredLimits: adapterLimits(adapter),
      requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
    });
  } catch (cause) {
    throw new DeviceError(`Cannot use the GPU: ${(cause as Error).message}`, { cause });
  }

  let failure: DeviceError | undefined;
  gpu.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    const { error } = event as GPUUncapturedErrorEvent;
    const message = error.message.replace(/\s+/g, " ").trim();
    failure ??= new DeviceError(`Cannot run on the GPU: ${message}`);
  });
  gpu.lost.then(({ reason, message }) => {
    if (reason !== "destroyed") {
      failure = new DeviceError(
        `Cannot go on: the GPU device was lost (${message || reason || "unknown reason"}). ` +
          "Start again with --resume.",
      );
    }
  });

  const info = describeAdapter(adapter);
  installCollector(gpu);
  refuseLargeBuffers(gpu);
  suitLanes(info);
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(gpu, adapter.info), 3);
  await tf.setBackend("webgpu");
  await tf.ready();
  // Small tensors would otherwise be computed by other code, on the CPU, depending on where their
  // values happen to lie: the same step could give other bits.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  registerKernels();
  await tune(info);

  return {
    gpu,
    adapter: info,
    check(): void {
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        throw error;
      }
    },
  };
}
