/** All that a machine without a network needs to run the tasks, as files of one archive. @module */

import { createHash } from "node:crypto";
import { FETCHED, type FetchedName } from "../data/catalog.ts";
import { inspectDataset } from "../data/inspect.ts";
import { basename, join } from "../deps.ts";
import { DataError } from "../errors.ts";
import { type Bundle, bundleScript } from "./bundle.ts";
import { programPath } from "./compile.ts";
import { startScript } from "./start_script.ts";
import type { ArchiveFile } from "./tar.ts";
import type { Target } from "./targets.ts";

/** What goes into an archive. */
export interface Contents {
  /** The folder that all files are in, in the archive. */
  readonly top: string;
  /** The machine. */
  readonly target: Target;
  /** The path of Deno's binary for the machine. */
  readonly deno: string;
  /** The bundles of the tasks. */
  readonly bundles: readonly Bundle[];
  /** The folder of the data sets and checkpoints. */
  readonly data: string;
  /** Which of its files, as {@link findData} gives them. */
  readonly dataFiles: readonly string[];
}

/**
 * The files of data sets, and the checkpoints, that are in a folder; relative to it.
 *
 * @throws {DataError} When a file of a data set is damaged.
 */
export async function findData(data: string): Promise<string[]> {
  return [...await datasetFiles(data), ...await checkpointFiles(data)];
}

/**
 * The files of an archive: Deno, the bundles, data sets and checkpoints, a script that starts the
 * tasks, and last the sums of all.
 */
export async function* packFiles(
  { top, target, deno, bundles, data, dataFiles }: Contents,
): AsyncGenerator<ArchiveFile> {
  const sums: string[] = [];
  const file = (path: string, content: Uint8Array<ArrayBuffer>, isProgram = false): ArchiveFile => {
    sums.push(`${createHash("sha256").update(content).digest("hex")}  ${path}\n`);
    return { path: `${top}/${path}`, isProgram, content };
  };
  const text = (content: string) => new TextEncoder().encode(content);

  const script = startScript(target);
  yield file(script.name, text(script.text), true);
  yield file(programPath("bin/deno", target), await Deno.readFile(deno), true);
  yield file("bin/start.js", text(await bundleScript("tools/start.ts")));
  for (const { task, path } of bundles) {
    yield file(`dist/${task.file}.js`, await Deno.readFile(path));
  }
  for (const path of dataFiles) {
    yield file(`data/${path}`, await Deno.readFile(join(data, path)));
  }
  yield file("LICENSE", await Deno.readFile("LICENSE"));
  yield { path: `${top}/SHA256SUMS`, isProgram: false, content: text(sums.join("")) };
}

async function datasetFiles(data: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of Object.keys(FETCHED) as FetchedName[]) {
    for (const { path, condition, reason } of await inspectDataset(name, data)) {
      if (condition === "damaged") throw new DataError(reason);
      if (condition !== "missing") found.push(`${name}/${basename(path)}`);
    }
  }
  return found;
}

async function checkpointFiles(data: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(join(data, "checkpoints")));
    return entries.filter(({ isFile }) => isFile).map(({ name }) => `checkpoints/${name}`)
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
