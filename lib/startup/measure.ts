/** Times the start of tasks in each way to run them. @module */

import { dirname, join } from "../deps.ts";
import type { TaskScript } from "../dist/task_script.ts";
import type { Mode } from "./modes.ts";
import { shell } from "./shell.ts";
import { secondsUntil } from "./stopwatch.ts";

/** A task that is started, and what it does first. */
export interface Start {
  /** The task. */
  readonly task: TaskScript;
  /** What follows its name. */
  readonly words: readonly string[];
  /** The line that it writes when that is done. */
  readonly mark: RegExp;
}

/** Seconds of each start. */
export interface Seconds {
  /** With nothing of the task in Deno's cache. */
  readonly first: readonly number[];
  /** With what the start before has left there. */
  readonly later: readonly number[];
}

/**
 * Starts a task several times: with an empty cache and then once more, each time anew.
 *
 * @param packages The folder where Deno has its packages from npm.
 */
export async function measure(
  { task, words, mark }: Start,
  mode: Mode,
  repeats: number,
  packages: string,
): Promise<Seconds> {
  const once = () =>
    secondsUntil({
      words: [...mode.command(task), ...words],
      cwd: mode.cwd,
      env: { DENO_DIR: mode.cache, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      mark,
    });
  const [first, later]: [number[], number[]] = [[], []];
  for (let i = 0; i < repeats; i++) {
    await empty(mode, packages);
    first.push(await once());
    later.push(await once());
  }
  return { first, later };
}

/** Empties a mode's cache, but for packages: how long those take is a matter of the network. */
async function empty({ cache, usesPackages }: Mode, packages: string): Promise<void> {
  await Deno.mkdir(dirname(cache), { recursive: true });
  await Deno.remove(cache, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(cache);
  if (usesPackages) await shell('ln -s "$0" "$1"', packages, join(cache, "npm"));
}
