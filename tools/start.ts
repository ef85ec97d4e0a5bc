/**
 * Starts a task of an archive that `deno task pack` made, with the permissions that its line in
 * `deno.json` gives it. It is behind the archive's start script, and run in the archive's folder.
 *
 * @module
 */

import { taskNamed, type TaskScript, tasksIn } from "../lib/dist/task_script.ts";
import { choosesLibraries, denoArguments, exitWith, launch } from "./grant.ts";

async function start([name, ...words]: readonly string[]): Promise<number> {
  const tasks = await tasksIn("dist", ".js");
  if (name === undefined || name === "-h" || name === "--help") {
    console.log(usage(tasks));
    return 0;
  }
  const rule = "there are tasks of other names here";
  const { launch: flags, file } = taskNamed(name, tasks, { verb: "run", rule });
  const start = ["--no-config", ...flags, `dist/${file}.js`, ...words];
  return await launch(denoArguments(start, choosesLibraries()));
}

function usage(tasks: readonly TaskScript[]): string {
  const width = Math.max(...tasks.map(({ name }) => name.length));
  const program = Deno.build.os === "windows" ? "inkling" : "./inkling";
  return [
    `Usage: ${program} TASK [options]`,
    "",
    `Tasks (${program} TASK --help tells more):`,
    ...tasks.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`),
  ].join("\n");
}

if (import.meta.main) await exitWith(() => start(Deno.args));
