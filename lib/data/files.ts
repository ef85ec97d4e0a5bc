/** Files as the data sets need them: absent is an answer, everything else that fails is an error. @module */

import { DataError } from "../errors.ts";
import { isSystemError } from "../files.ts";

/**
 * What the system knows of a path, or nothing when there is no such file.
 *
 * @throws {DataError} When the system does not let us look.
 */
export async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  return await unlessAbsent(path, () => Deno.stat(path));
}

/**
 * The bytes of a file, or nothing when there is no such file.
 *
 * @throws {DataError} When it exists and cannot be read.
 */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return await unlessAbsent(path, () => Deno.readFile(path));
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function unlessAbsent<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.IsADirectory) {
      throw new DataError(`Cannot read ${path}: it is a folder. Name a file.`);
    }
    if (!isSystemError(error)) throw error;
    throw new DataError(
      `Cannot read ${path}: the system refuses, got ${messageOf(error)}. ` +
        "Give the user and the program the right to read it.",
    );
  }
}
