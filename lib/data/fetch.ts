/** Brings the published files of a data set into a folder. @module */

import { join } from "../deps.ts";
import { type DataFile, FETCHED, type FetchedEntry, type FetchedName } from "./catalog.ts";
import { downloadFile, type Patience } from "./download.ts";
import { isSystemError } from "../files.ts";
import { messageOf, statOf } from "./files.ts";
import { namesOf } from "./local_file.ts";
import { MissingDataError } from "./missing.ts";

/** How far a fetch has come. */
export interface FetchProgress {
  /** The file being fetched. */
  readonly file: string;
  /** Bytes of all missing files that are there by now. */
  readonly received: number;
  /** Bytes of all missing files. */
  readonly total: number;
}

/** How {@link fetchDataset} goes about it. */
export interface FetchOptions {
  /**
   * Addresses of folders that serve the files, each ending in `/`.
   *
   * @default The published mirrors of the data set.
   */
  readonly mirrors?: readonly string[] | undefined;
  /**
   * How long a mirror may be silent.
   *
   * @default {@link PATIENT}
   */
  readonly patience?: Patience | undefined;
  /** Told after every piece that arrives. */
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

/** For somebody who asked for this data set and nothing else. */
export const PATIENT: Patience = { connectMs: 10_000, stallMs: 30_000 };

/** For somebody who would rather go on without. */
export const HASTY: Patience = { connectMs: 2_000, stallMs: 10_000 };

/**
 * Fetches the files of a data set that are missing in `dir/<name>`; each is verified by its sha256
 * before it gets its name, and one that broke off is resumed.
 *
 * @throws {MissingDataError} When a file is to be had from no mirror, or cannot be written.
 */
export async function fetchDataset(
  name: FetchedName,
  dir: string,
  options: FetchOptions = {},
): Promise<void> {
  await fetchFiles(name, FETCHED[name], join(dir, name), options);
}

/**
 * {@link fetchDataset} for any four files.
 *
 * @param name How messages call the data set.
 * @throws {MissingDataError} When a file is to be had from no mirror, or cannot be written.
 */
export async function fetchFiles(
  name: string,
  entry: Pick<FetchedEntry, "files" | "mirrors">,
  folder: string,
  { mirrors = entry.mirrors, patience = PATIENT, onProgress }: FetchOptions = {},
): Promise<void> {
  const missing = await missingFiles(entry, folder);
  const total = missing.reduce((sum, file) => sum + file.bytes, 0);
  let before = 0;
  try {
    if (missing.length > 0) await makeFolder(folder);
    for (const file of missing) {
      const report = (received: number) =>
        onProgress?.({ file: file.name, received: before + received, total });
      await downloadFile(file, folder, { mirrors, patience, onBytes: report });
      before += file.bytes;
    }
  } catch (error) {
    if (error instanceof MissingDataError) {
      throw missingData(name, missing, folder, mirrors, error.reason);
    }
    if (isSystemError(error)) {
      const reason = `${folder} cannot be written (${messageOf(error)})`;
      throw missingData(name, missing, folder, mirrors, reason);
    }
    throw error;
  }
}

/**
 * The files of a data set that a folder lacks, compressed as well as unpacked.
 *
 * @throws {DataError} When the system does not let us look.
 */
export async function missingFiles(
  { files }: Pick<FetchedEntry, "files">,
  folder: string,
): Promise<DataFile[]> {
  const missing: DataFile[] = [];
  for (const file of Object.values(files)) {
    const found = await Promise.all(namesOf(file).map((name) => statOf(join(folder, name))));
    if (found.every((info) => info === undefined)) missing.push(file);
  }
  return missing;
}

/** The error of a data set that cannot be had, with what to do about it. */
export function missingData(
  name: string,
  missing: readonly DataFile[],
  folder: string,
  mirrors: readonly string[],
  reason: string,
): MissingDataError {
  const files = missing.map((file) => `${file.name} (${file.bytes} bytes)`).join(", ");
  return new MissingDataError(
    reason,
    `Cannot get ${name}: its files are not in ${folder}, and ${reason}. ` +
      `Put these into ${folder} by hand: ${files}; they are at ${mirrors.join(" and ")}.`,
  );
}

/** Asks for no permission: without one, making the folder would stop at a question. */
async function makeFolder(folder: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "write", path: folder });
  if (state !== "granted") {
    throw new MissingDataError(`there is no permission to write ${folder} (--allow-write)`);
  }
  await Deno.mkdir(folder, { recursive: true });
}
