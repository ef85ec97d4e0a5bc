/**
 * Where a recorded step spends its time.
 *
 * The GPU's own clock tells when each dispatch began and ended within the step, where each has a pass
 * of its own then, which a replay does not give it.
 * Copies, and all commands of a device without such a clock, are submitted by themselves, as often as
 * it takes to fill some milliseconds, and waited for.
 *
 * @module
 */

import { backend } from "./backend.ts";
import type { Command } from "./recorder.ts";
import { submitCommands } from "./replay.ts";
import { tellsTime, timeDispatches } from "./timestamps.ts";

/** What a command of a recorded step costs. */
export interface CommandTime {
  /** The tfjs kernel that it is part of and its shader, as far as they have names. */
  readonly name: string;
  /** Workgroups of a dispatch, along x, y and z; none of a copy. */
  readonly workgroups?: readonly [number, number, number];
  /** Milliseconds for once. */
  readonly milliseconds: number;
}

/** Milliseconds between two waits, of which a wait by itself takes about ten. */
const ENOUGH = 20;
/** Enough that a kernel of a microsecond is told from the wait. */
const MAX_TIMES = 16_384;
const ATTEMPTS = 3;

/** Times all commands, in order. What they update in place is spoilt by it. */
export async function profile(commands: readonly Command[]): Promise<CommandTime[]> {
  const told = tellsTime() ? await shortestInStep(commands) : [];
  const wait = await fastest([], 1);
  const times: CommandTime[] = [];
  for (const [i, command] of commands.entries()) {
    const workgroups = command.kind === "dispatch" ? { workgroups: command.workgroups } : {};
    const milliseconds = told[i] ?? await alone(command, wait);
    times.push({ name: nameOf(command), ...workgroups, milliseconds });
  }
  return times;
}

/** Milliseconds of each dispatch in the fastest of a few steps, one by one. */
async function shortestInStep(commands: readonly Command[]): Promise<(number | undefined)[]> {
  let shortest = await timeDispatches(commands);
  for (let i = 1; i < ATTEMPTS; i++) {
    const times = await timeDispatches(commands);
    shortest = shortest.map((time, k) => time && times[k] && Math.min(time, times[k]));
  }
  return shortest;
}

/** Milliseconds of a command by itself. @param wait Those of waiting for nothing. */
async function alone(command: Command, wait: number): Promise<number> {
  let count = 1;
  let spent = await fastest([command], count);
  while (spent < ENOUGH && count < MAX_TIMES) spent = await fastest([command], count *= 4);
  return Math.max(0, spent - wait) / count;
}

/** The shortest of a few times, since whatever else the machine does makes them longer. */
async function fastest(commands: readonly Command[], times: number): Promise<number> {
  let shortest = Infinity;
  for (let i = 0; i < ATTEMPTS; i++) {
    const started = performance.now();
    submitCommands(commands, times);
    await backend().queue.onSubmittedWorkDone();
    shortest = Math.min(shortest, performance.now() - started);
  }
  return shortest;
}

function nameOf(command: Command): string {
  const { kind, kernel } = command;
  const what = kind === "dispatch"
    ? command.pipeline.label.replace(/^inkling_/, "")
    : kind === "texture"
    ? "copy to texture"
    : "copy";
  return kernel === "" || what.includes(kernel) ? what : `${kernel}: ${what}`;
}
