/** The bench: which rows there are, and running those that are wanted. @module */

import type { Device } from "../device.ts";
import type { CommandTime } from "../engine/profile.ts";
import { InklingError, UsageError } from "../errors.ts";
import { ceiling } from "./ceiling.ts";
import { compare, type Comparison, type Contest } from "./contest.ts";
import { convolutions } from "./convolutions.ts";
import { generatorSteps } from "./generator_steps.ts";
import type { Measurement, Probe } from "./probe.ts";
import { products } from "./products.ts";
import { longReplay, replayCost } from "./replay.ts";
import { steps } from "./steps.ts";
import type { Effort } from "./stopwatch.ts";

/** All contests, in the order of the table. */
export const CONTESTS: readonly Contest[] = [
  ...products,
  ...convolutions,
  ...steps,
  ...generatorSteps,
];

/** All other measurements. */
export const PROBES: readonly Probe[] = [ceiling, replayCost, longReplay];

/** Rows to run. */
export interface Selection {
  /** Comparisons. */
  readonly contests: readonly Contest[];
  /** Other measurements. */
  readonly probes: readonly Probe[];
}

/** How thoroughly to run, and whom to tell. */
export interface BenchOptions {
  /** The device. */
  readonly device: Device;
  /** How much time to spend on a row. */
  readonly effort: Effort;
  /** Steps of the long replay. */
  readonly longSteps: number;
  /** Gets each comparison when it is done. */
  readonly onComparison: (comparison: Comparison) => void;
  /** Gets each measurement when it is done. */
  readonly onMeasurement: (measurement: Measurement) => void;
  /** Gets the row that could not be run. */
  readonly onFailure: (failure: Failure) => void;
}

/** A row that could not be run. */
export interface Failure {
  /** Its name. */
  readonly name: string;
  /** Why, in one line. */
  readonly message: string;
}

/**
 * Runs the rows one after the other. What an error of the device or of a recording keeps from being
 * run is reported, and the others are run all the same.
 */
export async function runBench(
  { contests, probes }: Selection,
  options: BenchOptions,
): Promise<void> {
  const { device, effort, longSteps, onComparison, onMeasurement, onFailure } = options;
  for (const contest of contests) {
    await attempt(contest.name, onFailure, async () => {
      const comparison = await compare(contest, effort);
      device.check();
      onComparison(comparison);
    });
  }
  for (const probe of probes) {
    await attempt(probe.name, onFailure, async () => {
      const measurements = await probe.measure({ device, effort, longSteps });
      device.check();
      measurements.forEach(onMeasurement);
    });
  }
}

/**
 * Profiles the steps among the rows one after the other; see {@link runBench}.
 *
 * @throws {UsageError} When there is none.
 */
export async function profileSteps(
  { contests }: Selection,
  options: Pick<BenchOptions, "device" | "onFailure"> & {
    /** Gets the times of each step's commands. */
    readonly onProfile: (name: string, times: readonly CommandTime[]) => void;
  },
): Promise<void> {
  const { device, onFailure, onProfile } = options;
  const steps = contests.filter(({ profile }) => profile !== undefined);
  if (steps.length === 0) {
    const got = JSON.stringify(contests.map(({ name }) => name).join(", "));
    throw new UsageError(
      `Cannot profile: --filter must pick a row of a step, got ${got}. Name one that begins with "step".`,
    );
  }
  for (const step of steps) {
    await attempt(step.name, onFailure, async () => {
      const times = await step.profile!();
      device.check();
      onProfile(step.name, times);
    });
  }
}

async function attempt(
  name: string,
  onFailure: BenchOptions["onFailure"],
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof InklingError)) throw error;
    onFailure({ name, message: error.message });
  }
}

/**
 * The rows whose name holds `filter`, in small or capital letters; all of them for an empty one.
 *
 * @throws {UsageError} When there is none.
 */
export function pick(filter = ""): Selection {
  const isWanted = ({ name }: { readonly name: string }) =>
    name.toLowerCase().includes(filter.toLowerCase());
  const contests = CONTESTS.filter(isWanted);
  const probes = PROBES.filter(isWanted);
  if (contests.length + probes.length === 0) {
    const names = [...CONTESTS, ...PROBES].map(({ name }) => name).join(", ");
    const got = JSON.stringify(filter);
    throw new UsageError(
      `Cannot run the bench: --filter must be part of a row's name, got ${got}. ` +
        `The rows are ${names}.`,
    );
  }
  return { contests, probes };
}
