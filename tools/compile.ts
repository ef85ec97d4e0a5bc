/**
 * Makes a program of each task, which runs on a machine without Deno.
 *
 *     deno task compile cnn                              dist/bin/<this machine>/cnn
 *     deno task compile cnn dit:sample --target windows-x64
 *
 * A program has the permissions of its task in it: it reads and writes folders of the one where it
 * is started, and reaches the hosts of the data sets.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { join } from "../lib/deps.ts";
import { checkBudget, PROGRAM_BUDGET } from "../lib/dist/budget.ts";
import { bundleTasks } from "../lib/dist/bundle.ts";
import { compileScript, emptyWeight } from "../lib/dist/compile.ts";
import { type Target, TARGET_NAMES, thisTarget } from "../lib/dist/targets.ts";
import { tasksNamed } from "../lib/dist/tasks.ts";
import { scaledBytes, sizeLine } from "../lib/text.ts";

async function compile(names: readonly string[], target: Target, out: string): Promise<void> {
  const tasks = await tasksNamed(names, "compile");
  const folder = join(out, "bin", target);
  await Deno.mkdir(folder, { recursive: true });
  const runtime = await emptyWeight(target, folder);
  const payloads = new Map<string, number>();
  for (const { task, path: script } of await bundleTasks(tasks, out)) {
    const path = await compileScript(script, task.permissions, target, join(folder, task.file));
    const { size } = await Deno.stat(path);
    payloads.set(task.name, size - runtime);
    console.log(`${sizeLine(task.name, size, path)} (${scaledBytes(size - runtime)} its own)`);
  }
  checkBudget("a program, beyond its runtime,", payloads, PROGRAM_BUDGET);
}

if (import.meta.main) {
  await runTask({
    name: "compile",
    summary: "Makes a program of each task, from its bundle, Deno's runtime and the task's " +
      "permissions: about 100 MB each, nearly all of it the runtime, which is downloaded once, or " +
      "else brought in DENORT_BIN. Exits with 1 when what is not the runtime has more than " +
      `${scaledBytes(PROGRAM_BUDGET)}.`,
    examples: ["deno task compile cnn", "deno task compile cnn svm --target windows-x64"],
    options: {
      target: {
        type: "string",
        choices: TARGET_NAMES,
        help: "The machine to make them for; without it, one like this.",
      },
      out: {
        type: "path",
        placeholder: "DIR",
        default: "dist",
        help: "Folder for the bundles; the programs are in bin/<target> of it.",
      },
    },
    positionals: {
      name: "TASK",
      help: "The tasks to compile; without any, all of them.",
      min: 0,
      max: Infinity,
    },
  }, ({ options, positionals }) => {
    return compile(positionals, options.target ?? thisTarget(), options.out);
  });
}
