/**
 * Makes one self-contained file of each task.
 *
 *     deno task bundle                      all tasks, into dist/
 *     deno task bundle cnn dit:sample       dist/cnn.js and dist/dit_sample.js
 *
 * A bundle runs from a file or by URL with `deno run` and the permissions of its task:
 *
 *     deno run --allow-read=data,runs --allow-write=data,runs dist/cnn.js --dataset digits
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { join } from "../lib/deps.ts";
import { BUNDLE_BUDGET, checkBudget } from "../lib/dist/budget.ts";
import { bundleScript } from "../lib/dist/bundle.ts";
import { tasksNamed } from "../lib/dist/tasks.ts";
import { writeFileAtomic } from "../lib/files.ts";
import { scaledBytes } from "../lib/text.ts";

async function bundle(names: readonly string[], out: string): Promise<void> {
  const tasks = await tasksNamed(names, "bundle");
  await Deno.mkdir(out, { recursive: true });
  const weights = new Map<string, number>();
  for (const { name, file, script } of tasks) {
    const code = new TextEncoder().encode(await bundleScript(script));
    const path = join(out, `${file}.js`);
    await writeFileAtomic(path, code);
    weights.set(name, code.length);
    console.log(`${name.padEnd(14)} ${scaledBytes(code.length).padStart(8)}  ${path}`);
  }
  checkBudget("a bundle", weights, BUNDLE_BUDGET);
}

if (import.meta.main) {
  await runTask({
    name: "bundle",
    summary: "Makes one JavaScript file of each task, with its packages, data and workers: it " +
      "runs with deno run from a file or by URL, and needs no network. Prints the sizes; exits " +
      `with 1 when one has more than ${scaledBytes(BUNDLE_BUDGET)}.`,
    examples: ["deno task bundle", "deno task bundle cnn dit:sample"],
    options: {
      out: { type: "path", placeholder: "DIR", default: "dist", help: "Folder for the bundles." },
    },
    positionals: {
      name: "TASK",
      help: "The tasks to bundle; without any, all of them.",
      min: 0,
      max: Infinity,
    },
  }, ({ options, positionals }) => bundle(positionals, options.out));
}
