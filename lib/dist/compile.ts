/** Bundles as programs, with Deno's runtime and their permissions in them. @module */

import { join } from "../deps.ts";
import { InklingError } from "../errors.ts";
import { type Ended, runDeno } from "./deno.ts";
import { releaseOf, type Target, TARGETS } from "./targets.ts";

/**
 * Compiles a script without imports.
 *
 * @param script The script.
 * @param permissions Flags of `deno run`. Folders are to be relative: they are then those of the
 * folder where the program is started.
 * @param out The program's path; `.exe` is added for Windows.
 * @returns The path of the program.
 * @throws {InklingError} When there is no runtime for the target, or the script is refused.
 */
export async function compileScript(
  script: string,
  permissions: readonly string[],
  target: Target,
  out: string,
): Promise<string> {
  const path = programPath(out, target);
  // The configuration has nothing for a bundle, and its lock file would be embedded.
  const bare = ["--no-config", "--no-lock", "--no-check", "--no-prompt"];
  const to = [`--target=${TARGETS[target]}`, `--output=${path}`];
  const ended = await runDeno(["compile", ...bare, ...permissions, ...to, script]);
  if (!ended.success) throw refusal(script, target, ended);
  return path;
}

/** The path of a program on its machine. @param out Its path without an ending. */
export function programPath(out: string, target: Target): string {
  return target.startsWith("windows-") ? `${out}.exe` : out;
}

/**
 * What a program that does nothing weighs, in bytes: the runtime, mostly.
 *
 * @param folder Where it may be written for a moment.
 */
export async function emptyWeight(target: Target, folder: string): Promise<number> {
  const own = await Deno.makeTempDir({ dir: folder });
  try {
    const script = join(own, "empty.js");
    await Deno.writeTextFile(script, "");
    const path = await compileScript(script, [], target, join(own, "empty"));
    return (await Deno.stat(path)).size;
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

function refusal(script: string, target: Target, { stderr }: Ended): InklingError {
  const cause = JSON.stringify(causeOf(stderr));
  if (!stderr.includes("denort")) {
    return new InklingError(
      `Cannot compile ${script}: deno compile refuses, got ${cause}. Bundle the task anew.`,
    );
  }
  return new InklingError(
    `Cannot compile for ${target}: Deno's runtime for it is downloaded once, got ${cause}. ` +
      `Without that network bring ${releaseOf("denort", target)} by hand, unpack it, and name ` +
      "its file in the environment variable DENORT_BIN.",
  );
}

/** The line of Deno's error text that says why: the first of the causes, where it lists some. */
function causeOf(stderr: string): string {
  const [text = ""] = stderr.split("Stack backtrace:");
  const lines = text.split("\n").map((line) => line.replace(/^\s*\d+: /, "").trim()).filter(
    Boolean,
  );
  const causes = lines.slice(lines.indexOf("Caused by:") + 1);
  const errors = causes.filter((line) => line !== "Setting up base binary.");
  const own = errors.find((line) => line.startsWith("error: "));
  return own?.slice("error: ".length) ?? errors[0] ?? "no reason";
}
