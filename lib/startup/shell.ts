/** What is left to the shell. @module */

import { InklingError } from "../errors.ts";

/**
 * Runs a script of the shell, and gives what it prints.
 *
 * @param words Its `$0`, `$1` and so on.
 * @throws {InklingError} When it fails.
 */
export async function shell(script: string, ...words: string[]): Promise<string> {
  const child = new Deno.Command("sh", { args: ["-c", script, ...words], stdin: "null" });
  const { success, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
  if (success) return text(stdout);
  throw new InklingError(`Cannot prepare the tasks: ${script} failed, got ${text(stderr)}.`);
}
