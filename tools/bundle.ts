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
import { BUNDLE_BUDGET } from "../lib/dist/budget.ts";
import { bundleTasks } from "../lib/dist/bundle.ts";
import { tasksNamed } from "../lib/dist/tasks.ts";
import { scaledBytes, sizeLine } from "../lib/text.ts";

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
  }, async ({ options, positionals }) => {
    const tasks = await tasksNamed(positionals, "bundle");
    await bundleTasks(tasks, options.out, ({ task, path, bytes }) => {
      console.log(sizeLine(task.name, bytes, path));
    });
  });
}
