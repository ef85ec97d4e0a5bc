/**
 * Keeps the memory of eager tfjs steps flat.
 *
 * tfjs makes a bind group for every dispatch. To V8 each is a few dozen bytes, so it sees no reason
 * to collect them, but on the driver's side each holds memory (with a software adapter a mapping of
 * its own): after some 70 000 of them the process is killed. Nothing in WebGPU frees a bind group
 * but the garbage collector, so it is called by count.
 *
 * @module
 */

import v8 from "node:v8";
import vm from "node:vm";

/** A collection costs about 15 ms; at this interval that is under 2 µs a dispatch. */
const BIND_GROUPS_PER_COLLECTION = 8_000;

let live = 0;
let collect: (() => void) | undefined;

/** Counts the bind groups that `device` makes from now on. */
export function installCollector(device: GPUDevice): void {
  const create = device.createBindGroup.bind(device);
  device.createBindGroup = (descriptor: GPUBindGroupDescriptor): GPUBindGroup => {
    live++;
    return create(descriptor);
  };
}

/**
 * Collects garbage when enough bind groups have been made since the last time. Call it between
 * steps, where little is alive.
 */
export function collectIfDue(): void {
  if (live < BIND_GROUPS_PER_COLLECTION) return;
  live = 0;
  collect ??= exposedCollector();
  collect();
}

function exposedCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc") as () => void;
}
