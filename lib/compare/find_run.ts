/** Runs that are there already. @module */

import { isDeepStrictEqual } from "node:util";
import { join } from "../deps.ts";

/** A run folder that fits what is wanted. */
export interface FoundRun {
  /** The folder. */
  readonly folder: string;
  /** Whether it has its result. */
  readonly finished: boolean;
}

/**
 * Looks among the runs of a task for one of a given configuration; a finished one before one that
 * was stopped.
 *
 * @param parent The folder of run folders, such as `runs/cnn`.
 * @param wanted What `config.json` must say, by path, such as `dataset.name`.
 */
export async function findRun(
  parent: string,
  wanted: Readonly<Record<string, unknown>>,
): Promise<FoundRun | undefined> {
  let unfinished: FoundRun | undefined;
  for (const name of await folderNames(parent)) {
    const folder = join(parent, name);
    const config = await readJson(join(folder, "config.json"));
    const fits = Object.entries(wanted).every(([path, value]) =>
      isDeepStrictEqual(at(config, path), throughJson(value))
    );
    if (!fits) continue;
    const result = await readJson(join(folder, "result.json"));
    // A run that was resumed for more epochs and stopped still has its earlier result.
    const finished = result !== undefined && at(result, "epochs") === at(config, "recipe.epochs");
    if (finished) return { folder, finished };
    unfinished ??= { folder, finished };
  }
  return unfinished;
}

function at(config: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | null | undefined)?.[key],
    config,
  );
}

/** As it would be read back: what is `undefined` is left out. */
function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The folders in a folder, sorted; none where it is not there. */
export async function folderNames(parent: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const entry of Deno.readDir(parent)) if (entry.isDirectory) names.push(entry.name);
    return names.sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** A JSON file; `undefined` for what is not there or not whole. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
