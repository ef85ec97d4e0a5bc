/**
 * A task as a file, for the tools that make something of it. Light, because the launcher of an
 * archive reads it at every start.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { nearest } from "../cli/nearest.ts";
import { UsageError } from "../errors.ts";

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
  return { name, file, script: `tasks/${file}.ts`, description, launch, permissions };
}

/** What a line of `deno.json` tells the launcher, which stands before its script. */
function launchOf(command: string): string[] {
  const [, words = ""] = /tools\/grant\.ts (.*) \S+\.ts$/.exec(command) ?? [];
  // A checkout reads the modules of workers from lib/; what is made of a task carries them.
  return words.split(" ").filter(Boolean).map((word) => word.replace(/,lib$/, ""));
}

/**
 * The task with this name.
 *
 * @param all The tasks that there are.
 * @param action What is done with it, and what they are, for the message.
 * @throws {UsageError} When there is no such task.
 */
export function taskNamed(
  name: string,
  all: readonly TaskScript[],
  { verb, rule }: { readonly verb: string; readonly rule: string },
): TaskScript {
  const task = all.find((task) => task.name === name || task.file === name);
  if (task !== undefined) return task;
  const [meant] = nearest(name, all.map((task) => task.name));
  const help = meant === undefined
    ? `There are ${all.map((task) => task.name).join(", ")}.`
    : `Did you mean ${meant}?`;
  throw new UsageError(
    `Cannot ${verb} ${JSON.stringify(name)}: ${rule}, got a name that is none of them. ${help}`,
  );
}

/** The tasks whose files are in a folder, by name. @param ending That of the files. */
export async function tasksIn(folder: string, ending: string): Promise<TaskScript[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => name.endsWith(ending))
    .map((name) => taskOf(name.slice(0, -ending.length)))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}
