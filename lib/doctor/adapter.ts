/** What a bug report says of the adapter. @module */

import { adapterLimits, describeAdapter, requestAdapter } from "../device.ts";

/** The adapter, with what it offers to kernels. */
export interface AdapterReport {
  /** Its own description. */
  readonly name: string;
  /** The vendor, as a name or a PCI id. */
  readonly vendor: string;
  /** Whether it computes on the CPU. */
  readonly software: boolean;
  /** Whether a device can be had with each feature that kernels could use. */
  readonly kernel_features: Readonly<Record<string, boolean>>;
  /** All features that the adapter lists. */
  readonly features: readonly string[];
  /** The limits that kernels meet, by WebGPU's names. */
  readonly limits: Readonly<Record<string, number>>;
}

const KERNEL_FEATURES = ["subgroups", "shader-f16", "timestamp-query"] as const;

const KERNEL_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxBindGroups",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
];

/**
 * Looks at the adapter that tasks would use.
 *
 * @throws {DeviceError} When there is none.
 */
export async function inspectAdapter(): Promise<AdapterReport> {
  const adapter = await requestAdapter();
  const limits = adapterLimits(adapter);
  const kernelFeatures: Record<string, boolean> = {};
  for (const feature of KERNEL_FEATURES) kernelFeatures[feature] = await canHave(feature);
  return {
    ...describeAdapter(adapter),
    kernel_features: kernelFeatures,
    features: [...adapter.features].sort(),
    limits: Object.fromEntries(KERNEL_LIMITS.map((name) => [name, limits[name] ?? 0])),
  };
}

/** Asks for a device, because the runtime does not list every feature that it gives. */
async function canHave(feature: typeof KERNEL_FEATURES[number]): Promise<boolean> {
  const adapter = await requestAdapter();
  try {
    const device = await adapter.requestDevice({ requiredFeatures: [feature] });
    device.destroy();
    return true;
  } catch {
    return false;
  }
}
