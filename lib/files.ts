/** Files: written so that a reader never meets half of one, and whose fault it is when not. @module */

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

/** Whether an error comes from the system or its permissions rather than from a defect of ours. */
export function isSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    (error instanceof Deno.errors.NotCapable ||
      "code" in error && /^E[A-Z0-9]+$/.test(String(error.code)));
}
