/** One attempt at a run: where it leaves what it makes, and what it is told to do. @module */

import type { Measured } from "../compare/contestant.ts";
import { folderNames, readJson } from "../compare/find_run.ts";
import type { Options } from "../cli/spec.ts";
import { join } from "../deps.ts";
import type { PlannedRun, Point } from "./grid.ts";

/** The command line that runs a task with these words of a user; its first word is the program. */
export type Command = (task: string, args: readonly string[]) => readonly string[];

/** A run that is about to be tried. */
export interface Attempt {
  /** The run. */
  readonly run: PlannedRun;
  /** The folder of all that its attempts leave. */
  readonly folder: string;
  /** The file that its output goes to, after that of earlier attempts. */
  readonly log: string;
  /** The whole command line. */
  readonly command: readonly string[];
  /** The job that it is part of already, when it was handed to Slurm by an earlier command. */
  readonly job?: string | undefined;
}

/** What is told of attempts while they are made. */
export interface Watch {
  /** These have begun, with Slurm as parts of a job. */
  begun(attempts: readonly Attempt[], job?: string): Promise<void>;
  /** This one has ended; `null` when its exit status is not known. */
  ended(attempt: Attempt, exit: number | null): Promise<void>;
}

/**
 * Makes attempts, here or elsewhere, and returns when all that it waits for have ended. Throws the
 * reason of `signal` when that stops it.
 */
export type Execute = (
  attempts: readonly Attempt[],
  watch: Watch,
  signal: AbortSignal,
) => Promise<void>;

/** What is read of the `result.json` of a run. */
export interface RunResult extends Measured {
  /** The run folder. */
  readonly run: string;
  /** The network or classifier. */
  readonly model: string;
  /** The data set. */
  readonly dataset: string;
  /** Training time, in seconds. */
  readonly seconds: number;
  /** Accuracy on the test images, of a classifier. */
  readonly test_accuracy?: number;
  /** Mean loss of the last epoch, of what has one. */
  readonly train_loss?: number;
  /** Epochs, of a network. */
  readonly epochs?: number;
  /** The adapter's name; not for the CPU. */
  readonly adapter?: string;
}

/** The name of the file with what a run printed, in the run's folder. */
export const LOG_FILE = "log.txt";

/** An attempt that begins anew, or goes on with the run in the folder `resume`. */
export function attemptOf(
  run: PlannedRun,
  parent: string,
  command: Command,
  resume?: string,
): Attempt {
  const folder = join(parent, run.id);
  const args = resume === undefined ? freshWords(run, folder) : resumeWords(run, resume);
  return { run, folder, log: join(folder, LOG_FILE), command: command(run.task, args) };
}

function freshWords({ options, seed }: PlannedRun, folder: string): string[] {
  return [
    ...Object.entries(options).map(([name, value]) => word(name, value)),
    ...(seed === undefined ? [] : [word("seed", seed)]),
    word("out", folder),
    "--json",
  ];
}

/** A resumed run has its options in its folder; the folder of the data it must be let into again. */
function resumeWords({ options }: PlannedRun, resume: string): string[] {
  const { data } = options;
  return [
    word("resume", resume),
    ...(data === undefined ? [] : [word("data", data)]),
    "--json",
  ];
}

function word(name: string, value: Point): string {
  return `--${name}=${value}`;
}

/** What the attempts at a run have left in its folder. */
export interface Leftovers {
  /** The result, if one came to its end. */
  readonly result: RunResult | undefined;
  /** The run folder of the last one that was stopped, if it can be resumed. */
  readonly unfinished: string | undefined;
}

/** Looks for what the attempts at a run have left. */
export async function leftovers(
  run: PlannedRun,
  parent: string,
  offered: Options,
): Promise<Leftovers> {
  const folder = join(parent, run.id, run.task);
  let unfinished: string | undefined;
  for (const name of (await folderNames(folder)).reverse()) {
    const path = join(folder, name);
    const result = await readJson(join(path, "result.json"));
    if (isResult(result)) return { result, unfinished };
    if (await readJson(join(path, "config.json")) !== undefined) unfinished ??= path;
  }
  return { result: undefined, unfinished: "resume" in offered ? unfinished : undefined };
}

function isResult(value: unknown): value is RunResult {
  const result = value as Partial<RunResult> | null | undefined;
  return typeof result?.run === "string" && Number.isFinite(result.seconds);
}
