/**
 * Where a recorded step spends its time.
 *
 * Each command is submitted by itself, as often as it takes to fill some milliseconds, and waited for.
 * What overlaps in a step does not overlap here, so the sum may be more than a step takes.
 *
 * @module
 */

import { backend } from "./backend.ts";
import type { Command } from "./recorder.ts";
import { submitCommands } from "./replay.ts";

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
  const wait = await fastest([], 1);
  const times: CommandTime[] = [];
  for (const command of commands) {
    let count = 1;
    let spent = await fastest([command], count);
    while (spent < ENOUGH && count < MAX_TIMES) spent = await fastest([command], count *= 4);
    const workgroups = command.kind === "dispatch" ? { workgroups: command.workgroups } : {};
    const milliseconds = Math.max(0, spent - wait) / count;
    times.push({ name: nameOf(command), ...workgroups, milliseconds });
  }
  return times;
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
