/** Sweeps of a task that takes no time, for the tests. @module */

import type { Options } from "../../lib/cli.ts";
import { resolve } from "../../lib/deps.ts";
import type { Command, Execute } from "../../lib/sweep/attempt.ts";
import { locally } from "../../lib/sweep/local.ts";
import type { SweepRequest } from "../../lib/sweep/run_sweep.ts";
import { parseSweep } from "../../lib/sweep/sweep_file.ts";
import { Progress } from "../../lib/train/progress.ts";

const SCRIPT = resolve(import.meta.dirname!, "fake_task.sh");

const OPTIONS: Options = {
  mode: { type: "string", help: "What to do." },
  x: { type: "number", help: "Anything." },
  data: { type: "path", help: "Anything." },
};

/** What the fake task can be called: `fake`, and `dull`, which has no seed and cannot be resumed. */
export const FAKE_TASKS = {
  fake: {
    ...OPTIONS,
    seed: { type: "integer", min: 0, help: "Anything." },
    resume: { type: "path", help: "A run to take up." },
  },
  dull: OPTIONS,
} as const;

export const fakeCommand: Command = (task, args) => ["sh", SCRIPT, task, ...args];

/** A sweep of the fake task, quiet, in a folder. */
export function fakeSweep(
  parent: string,
  runs: readonly unknown[],
  more: { retries?: number; execute?: Execute; onSlurm?: boolean; said?: string[] } = {},
): SweepRequest {
  const { retries = 1, execute = locally(2), onSlurm = false, said = [] } = more;
  return {
    sweep: parseSweep(JSON.stringify({ name: "s", runs, retries }), "s.json", FAKE_TASKS),
    tasks: FAKE_TASKS,
    parent,
    command: fakeCommand,
    execute,
    onSlurm,
    wait: true,
    progress: new Progress({ terminal: false, write: (text) => said.push(text) }),
  };
}

/** Waits until a file says something. */
export async function appears(path: string, text: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    const found = await Deno.readTextFile(path).catch(() => "");
    if (found.includes(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${path} does not say ${text}`);
}
