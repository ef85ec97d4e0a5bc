/** The machines that programs and archives are made for. @module */

import { InklingError } from "../errors.ts";

/** What Deno calls each machine, by the name that options accept. */
export const TARGETS = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
  "windows-arm64": "aarch64-pc-windows-msvc",
} as const;

/** The name of a machine. */
export type Target = keyof typeof TARGETS;

/** The names of all machines. */
export const TARGET_NAMES: readonly Target[] = Object.keys(TARGETS) as Target[];

/** What this machine is called. @throws {InklingError} When it is none of {@link TARGETS}. */
export function thisTarget(): Target {
  const found = TARGET_NAMES.find((name) => TARGETS[name] === Deno.build.target);
  if (found !== undefined) return found;
  throw new InklingError(
    `Cannot make programs for this machine: they are made for ${TARGET_NAMES.join(", ")}, got ` +
      `${Deno.build.target}. Name another by --target.`,
  );
}

/** The address of a zip file of this version of Deno: of `"deno"`, or of its runtime `"denort"`. */
export function releaseOf(program: "deno" | "denort", target: Target): string {
  return `https://github.com/denoland/deno/releases/download/v${Deno.version.deno}/` +
    `${program}-${TARGETS[target]}.zip`;
}
