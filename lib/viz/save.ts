/** Writing a picture to where the user asked for it. @module */

import { dirname } from "../deps.ts";
import { DataError, UsageError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";

/**
 * Writes a picture, whole or not at all. Only a name that ends in `.png` is taken: whoever gives the
 * name of another file by mistake would lose that file.
 *
 * @throws {UsageError} When the name is not that of a PNG file.
 * @throws {DataError} When the folder is absent or the system refuses.
 */
export async function savePicture(path: string, png: Uint8Array): Promise<void> {
  if (!path.toLowerCase().endsWith(".png")) {
    throw new UsageError(`Cannot write the picture: its name must end in .png, got --out ${path}`);
  }
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
