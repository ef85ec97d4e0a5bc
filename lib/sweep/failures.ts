/** What is said of runs that failed. @module */

import { describeRun } from "./grid.ts";
import type { RunOutcome } from "./run_sweep.ts";
import { BY_SIGNAL, type RunState } from "./state.ts";

/** The last lines of what a run printed. */
export async function endOfLog(path: string, lines = 8): Promise<string> {
  try {
    return (await Deno.readTextFile(path)).trimEnd().split("\n").slice(-lines).join("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** What ended a run that failed, in words. */
export function describeEnd({ exit }: Pick<RunState, "exit">): string {
  if (exit === null) return "ended without an exit status";
  if (exit === 0) return "ended without a result";
  if (exit > BY_SIGNAL) return `ended by signal ${exit - BY_SIGNAL}`;
  return `exit status ${exit}`;
}

/** A run that failed, with its last words, as lines for a terminal. */
export function failureText(outcome: RunOutcome, log: string): string {
  const { run, state, folder } = outcome;
  const tries = state.attempts === 1 ? "1 attempt" : `${state.attempts} attempts`;
  const said = log === "" ? "" : "\n" + log.replaceAll(/^/gm, "  | ");
  return `failed: ${describeRun(run)}: ${describeEnd(state)} after ${tries}, see ${folder}${said}`;
}
