/** Writing a picture to where the user asked for it. @module */

import { dirname } from "../deps.ts";
import { DataError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";

/**
 * Writes a picture, whole or not at all.
 *
 * @throws {DataError} When the folder is absent or the system refuses.
 */
export async function savePicture(path: string, png: Uint8Array): Promise<void> {
  try {
    await writeFileAtomic(path, png);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      const folder = dirname(path);
      throw new DataError(
        `Cannot write ${path}: its folder must be there, got no folder ${folder}. Make it first.`,
      );
    }
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    throw new DataError(
      `Cannot write ${path}: the system refuses, got ${error.message}. Choose another --out.`,
    );
  }
}
