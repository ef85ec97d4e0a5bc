/** A file of a data set as it lies in its folder. @module */

import { createHash } from "node:crypto";
import { join } from "../deps.ts";
import { DataError } from "../errors.ts";
import type { DataFile } from "./catalog.ts";
import { readIfThere } from "./files.ts";
import { type IdxArray, parseIdx } from "./idx.ts";

/** A file that was found, and is sound. */
export interface LocalFile extends IdxArray {
  /** Its name in the folder. */
  readonly name: string;
  /** Its folder and name. */
  readonly path: string;
  /** sha256 of its bytes, in hexadecimal. */
  readonly sha256: string;
  /** Whether this is the published file, byte for byte; an unpacked one cannot be recognised. */
  readonly isPublished: boolean;
}

/** The names under which a file is looked for: as published, unpacked, and as gunzip names it. */
export function namesOf({ name }: DataFile): string[] {
  const unpacked = name.replace(/\.gz$/, "");
  return [name, unpacked, unpacked.replace("-idx", ".idx")];
}

/**
 * Reads a file of a data set, or nothing when it is there under none of its names.
 *
 * @param dimensions 1 for labels, 3 for images.
 * @throws {DataError} When it is damaged, not the published file, or unreadable.
 */
export async function readLocalFile(
  file: DataFile,
  dimensions: 1 | 3,
  folder: string,
): Promise<LocalFile | undefined> {
  for (const name of namesOf(file)) {
    const path = join(folder, name);
    const bytes = await readIfThere(path);
    if (bytes === undefined) continue;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const isPublished = sha256 === file.sha256;
    if (name === file.name && !isPublished) {
      throw new DataError(
        `Cannot use ${path}: the published file has ${file.bytes} bytes and sha256 ` +
          `${file.sha256.slice(0, 12)}..., got ${bytes.length} bytes and ` +
          `${sha256.slice(0, 12)}.... Delete it and fetch it again, or bring an undamaged copy.`,
      );
    }
    return { name, path, sha256, isPublished, ...await parseIdx(bytes, path, dimensions) };
  }
  return undefined;
}
