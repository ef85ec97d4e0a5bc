/**
 * The tasks as files, for the tools that make something of each.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { join } from "../deps.ts";
import { UsageError } from "../errors.ts";
import { nearest } from "../cli/nearest.ts";

/** A script of `tasks/`. */
export interface TaskScript {
  /** The name after `deno task`, such as `"dit:sample"`. */
  readonly name: string;
  /** The name as that of a file, such as `"dit_sample"`. */
  readonly file: string;
  /** The script, relative to the root of the project. */
  readonly script: string;
  /** What it does, in a few words. */
  readonly description: string;
  /** What `tools/grant.ts` is told when it starts the script. */
  readonly launch: readonly string[];
  /** What it may do, as flags of `deno run`, with folders relative to the current one. */
  readonly permissions: readonly string[];
}

/** All tasks, by name. */
export async function allTasks(): Promise<TaskScript[]> {
  const tasks: TaskScript[] = [];
  for await (const { name: file } of Deno.readDir("tasks")) {
    if (file.endsWith(".ts")) tasks.push(taskOf(file.slice(0, -".ts".length)));
  }
  return tasks.sort((a, b) => a.name < b.name ? -1 : 1);
}

/**
 * The tasks with these names, each once, or all where none is named.
 *
 * @param action What is done with them, for the message.
 * @throws {UsageError} When there is no such task.
 */
export async function tasksNamed(names: readonly string[], action: string): Promise<TaskScript[]> {
  const all = await allTasks();
  if (names.length === 0) return all;
  return [...new Set(names)].map((name) => {
    const task = all.find((task) => task.name === name || task.file === name);
    if (task !== undefined) return task;
    const [meant] = nearest(name, all.map((task) => task.name));
    const help = meant === undefined
      ? `There are ${all.map((task) => task.name).join(", ")}`
      : `Did you mean ${meant}`;
    throw new UsageError(
      `Cannot ${action} ${JSON.stringify(name)}: it takes scripts of tasks/, got a name that is ` +
        `none of them. ${help}${meant === undefined ? "." : "?"}`,
    );
  });
}

interface Line {
  readonly description: string;
  readonly command: string;
}

/** The task of the script `tasks/<file>.ts`. */
export function taskOf(file: string): TaskScript {
  const name = file.replaceAll("_", ":");
  const lines: Readonly<Record<string, Line>> = config.tasks;
  const { description = "", command = "" } = lines[name] ?? {};
  const launch = launchOf(command);
  const permissions = launch.filter((word) => word.startsWith("--allow-"));
  return { name, file, script: join("tasks", `${file}.ts`), description, launch, permissions };
}

/** What a line of `deno.json` tells the launcher, which stands before its script. */
function launchOf(command: string): string[] {
  const [, words = ""] = /tools\/grant\.ts (.*) \S+\.ts$/.exec(command) ?? [];
  // A checkout reads the modules of workers from lib/; what is made of a task carries them.
  return words.split(" ").filter(Boolean).map((word) => word.replace(/,lib$/, ""));
}
