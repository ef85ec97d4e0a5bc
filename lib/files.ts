/** Files: written so that a reader never meets half of one, and whose fault it is when not. @module */

import { DataError } from "./errors.ts";

/**
 * Writes `content` beside `path`, flushes it to the disk and renames it into place: whatever stops
 * the process, `path` holds either what it held before or all of `content`.
 *
 * @throws {Deno.errors.NotCapable} Without permission to write there.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const part = `${path}.part`;
  try {
    const file = await Deno.open(part, { write: true, create: true, truncate: true });
    try {
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

/**
 * Makes the folder that `--out` names, and those above it, where they are not there yet.
 *
 * @param what What is to be written there, for the error.
 * @throws {DataError} When the system refuses.
 * @throws {Deno.errors.NotCapable} Without permission to write there.
 */
export async function makeFolder(path: string, what: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    throw new DataError(
      `Cannot write ${what} to ${path}: ${error.message}. Choose another folder with --out`,
    );
  }
}

/** Whether an error comes from the system or its permissions rather than from a defect of ours. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    (error instanceof Deno.errors.NotCapable ||
      "code" in error && /^E[A-Z0-9]+$/.test(String(error.code)));
}
