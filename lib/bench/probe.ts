/** Numbers of the bench that compare nothing. @module */

import type { Device } from "../device.ts";
import type { Effort } from "./stopwatch.ts";

/** One number. */
export interface Measurement {
  /** What it is of. */
  readonly name: string;
  /** The number. */
  readonly value: number;
  /** Its unit. */
  readonly unit: string;
}

/** How a probe is to measure. */
export interface ProbeOptions {
  /** The device. */
  readonly device: Device;
  /** How much time to spend. */
  readonly effort: Effort;
  /** Steps of the long replay. */
  readonly longSteps: number;
}

/** Measures something of the adapter or of a recording. */
export interface Probe {
  /** By what it is picked. */
  readonly name: string;
  /** Measures. */
  measure(options: ProbeOptions): Promise<Measurement[]>;
}
