/** What there is of a data set in its folder. @module */

import { join } from "../deps.ts";
import { DataError } from "../errors.ts";
import { type DataFile, FETCHED, type FetchedName, type FileRole } from "./catalog.ts";
import { readLocalFile } from "./local_file.ts";

/**
 * `verified`: byte for byte the published file; `unpacked`: sound, but without a published hash;
 * `damaged`: there, but not to be used; `missing`: not there.
 */
export type Condition = "verified" | "unpacked" | "damaged" | "missing";

/** What is known of one file. */
export interface FileReport {
  /** The published file. */
  readonly file: DataFile;
  /** Where it lies, or would lie. */
  readonly path: string;
  /** Its condition. */
  readonly condition: Condition;
  /** What is wrong with a damaged file, as one line. */
  readonly reason?: string;
}

/** Reads and hashes all files of a data set that are in `dir/<name>`, whatever their condition. */
export async function inspectDataset(name: FetchedName, dir: string): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  for (const [role, file] of Object.entries(FETCHED[name].files)) {
    reports.push(await inspectFile(role as FileRole, file, join(dir, name)));
  }
  return reports;
}

async function inspectFile(role: FileRole, file: DataFile, folder: string): Promise<FileReport> {
  const path = join(folder, file.name);
  try {
    const local = await readLocalFile(file, role.endsWith("Images") ? 3 : 1, folder);
    if (local === undefined) return { file, path, condition: "missing" };
    return { file, path: local.path, condition: local.isPublished ? "verified" : "unpacked" };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { file, path, condition: "damaged", reason: error.message };
  }
}
