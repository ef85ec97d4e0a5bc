/**
 * Measures what this library gains over stock tfjs on this machine's adapter.
 *
 *     deno task bench                       all rows, some minutes
 *     deno task bench --filter step         only rows with "step" in their name
 *     deno task bench --quick --json        two rounds a row; the last line is JSON
 *     deno task bench --filter long --long 100000
 *     deno task bench --filter "step lenet5" --profile
 *
 * Both sides run in one process on one device, in turns; see docs/performance.md.
 *
 * @module
 */

import { type Failure, pick, profileSteps, runBench } from "../lib/bench/bench.ts";
import type { Measurement } from "../lib/bench/probe.ts";
import { profileLines } from "../lib/bench/profile_text.ts";
import { QUICK, THOROUGH } from "../lib/bench/stopwatch.ts";
import { comparisonLine, headerLine, measurementLine, type Row, rowOf } from "../lib/bench/text.ts";
import { runTask } from "../lib/cli.ts";
import type { CommandTime } from "../lib/engine/profile.ts";
import { openDevice } from "../lib/device.ts";
import { allVersions, inspectMachine } from "../lib/doctor/machine.ts";

interface Request {
  readonly filter: string | undefined;
  readonly quick: boolean;
  readonly long: number | undefined;
  readonly json: boolean;
  readonly profile: boolean;
}

async function bench({ filter, quick, long, json, profile }: Request): Promise<number> {
  const selection = pick(filter);
  const device = await openDevice();
  const { processor, cores } = await inspectMachine();
  const versions = allVersions();
  const load = await loadAverage();
  const date = new Date().toISOString().slice(0, 10);
  const rows: Row[] = [];
  const measurements: Measurement[] = [];
  const failures: Failure[] = [];
  const profiles: Record<string, readonly CommandTime[]> = {};
  const onFailure = (failure: Failure): void => {
    failures.push(failure);
    console.error(`error: ${failure.name}: ${failure.message}`);
  };

  console.log(`${device.adapter.name}; ${processor ?? "processor not told"}, ${cores} cores`);
  console.log(Object.entries(versions).map((entry) => entry.join(" ")).join(", "));
  console.log(`${date}, load at the start ${load?.toFixed(2) ?? "not told"}\n`);
  if (profile) {
    await profileSteps(selection, {
      device,
      onFailure,
      onProfile(name, times): void {
        profiles[name] = times;
        console.log(`${name}\n${profileLines(times).join("\n")}\n`);
      },
    });
  } else {
    await runBench(selection, {
      device,
      effort: quick ? QUICK : THOROUGH,
      longSteps: long ?? (quick ? 2_000 : 20_000),
      onComparison(comparison): void {
        if (rows.length === 0) console.log(headerLine());
        rows.push(rowOf(comparison));
        console.log(comparisonLine(comparison));
      },
      onMeasurement(measurement): void {
        if (measurements.length === 0 && rows.length > 0) console.log("");
        measurements.push(measurement);
        console.log(measurementLine(measurement));
      },
      onFailure,
    });
  }
  if (json) {
    const { adapter } = device;
    const machine = { processor, cores, load };
    console.log(JSON.stringify(
      {
        task: "bench",
        date,
        adapter,
        machine,
        versions,
        quick,
        rows,
        measurements,
        profiles,
        failures,
      },
    ));
  }
  return failures.length === 0 ? 0 : 1;
}

/** Processes that wanted to run in the last minute, where the runtime may tell. */
async function loadAverage(): Promise<number | null> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "loadavg" });
  return state === "granted" ? Deno.loadavg()[0]! : null;
}

if (import.meta.main) {
  await runTask({
    name: "bench",
    summary: "Measures this library against stock tfjs on the same adapter, in turns: matrix " +
      "products, convolutions, training steps; then what a replayed step costs the CPU, whether " +
      "memory stays flat, and the adapter's ceiling. Times are medians for once, with the " +
      "shortest and longest. Wants a quiet machine. Exits with 1 when a row could not be run.",
    examples: [
      "deno task bench",
      "deno task bench --filter step --quick",
      "deno task bench --filter long --long 100000 --json",
      'deno task bench --filter "step lenet5" --profile',
    ],
    options: {
      filter: { type: "string", help: "Run only rows with this in their name." },
      quick: { type: "boolean", help: "Two short rounds a row: a look, not a result." },
      long: {
        type: "integer",
        min: 1,
        max: 1_000_000,
        help: "Steps of the long replay. 20000, or 2000 with --quick, when not given.",
      },
      profile: {
        type: "boolean",
        help: "Show where this library's steps spend their time instead: a line for each command.",
      },
      json: { type: "boolean", help: "End with all results as one line of JSON." },
    },
  }, ({ options }) => bench(options));
}
