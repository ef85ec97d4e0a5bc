/** The script of a job array: one element for each attempt. @module */

import { join, resolve } from "../deps.ts";
import { UsageError } from "../errors.ts";
import type { Attempt } from "./attempt.ts";

/** What a sweep asks of Slurm; what is not given is Slurm's own default. */
export interface SlurmRequest {
  /** `--partition`. */
  readonly partition?: string | undefined;
  /** `--time`: the limit of each run. */
  readonly time?: string | undefined;
  /** `--cpus-per-task`. */
  readonly cpus?: number | undefined;
  /** `--mem`. */
  readonly mem?: string | undefined;
  /** Further options of sbatch, with or without their dashes. */
  readonly more: readonly string[];
  /** How many elements may run at a time. */
  readonly atOnce?: number | undefined;
}

/** The file, in the folder of a run, in which its element of the array leaves its exit status. */
export const EXIT_FILE = "exit";

/**
 * Writes the script that sbatch takes: each element runs its command in the folder `cwd`, with the
 * output in the log of its run, and leaves its exit status beside it.
 *
 * @throws {UsageError} When an option of sbatch does not fit on its line.
 */
export function slurmScript(
  { name, folder, cwd, attempts, request }: {
    readonly name: string;
    readonly folder: string;
    readonly cwd: string;
    readonly attempts: readonly Attempt[];
    readonly request: SlurmRequest;
  },
): string {
  const { partition, time, cpus, mem, more, atOnce } = request;
  const limit = atOnce === undefined ? "" : `%${atOnce}`;
  const options = [
    `job-name=inkling-${name}`,
    `array=0-${attempts.length - 1}${limit}`,
    // What Slurm itself has to say; the runs write into their own logs.
    `output=${join(resolve(cwd, folder), "slurm-%A.txt")}`,
    "open-mode=append",
    `chdir=${cwd}`,
    ...(partition === undefined ? [] : [`partition=${partition}`]),
    ...(time === undefined ? [] : [`time=${time}`]),
    ...(cpus === undefined ? [] : [`cpus-per-task=${cpus}`]),
    ...(mem === undefined ? [] : [`mem=${mem}`]),
    ...more.map((option) => option.replace(/^-+/, "")),
  ];
  return [
    "#!/bin/sh",
    ...options.map((option) => `#SBATCH --${onOneLine(option)}`),
    "",
    "# Mesa looks for a display server there, and the tasks need none.",
    "export XDG_RUNTIME_DIR=/dev/null",
    "",
    "case $SLURM_ARRAY_TASK_ID in",
    ...attempts.flatMap((attempt, i) => [
      `${i})`,
      `  folder=${shellWord(attempt.folder)} log=${shellWord(attempt.log)}`,
      `  set -- ${commandLine(attempt.command)}`,
      "  ;;",
    ]),
    "esac",
    "",
    'mkdir -p "$folder"',
    '"$@" >>"$log" 2>&1 </dev/null',
    "status=$?",
    `echo $status >"$folder/${EXIT_FILE}.part"`,
    `mv "$folder/${EXIT_FILE}.part" "$folder/${EXIT_FILE}"`,
    "exit $status",
    "",
  ].join("\n");
}

/** A command as one would type it into a shell. */
export function commandLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** sbatch splits its lines at blanks and takes what is in quotes together. */
function onOneLine(option: string): string {
  if (/["\\]|[^\P{Cc}]/u.test(option)) {
    throw new UsageError(
      `Cannot write the script for Slurm: its options hold no quotes, backslashes or line breaks, ` +
        `got ${JSON.stringify(option)}`,
    );
  }
  return /\s/.test(option) ? option.replace(/=(.*)$/, '="$1"') : option;
}
