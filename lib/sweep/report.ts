/** What a sweep leaves when it ends, or is stopped. @module */

import { join } from "../deps.ts";
import { writeFileAtomic } from "../files.ts";
import { LOG_FILE } from "./attempt.ts";
import { endOfLog, failureText } from "./failures.ts";
import { sweepFiles } from "./page.ts";
import { outcomesOf, sweepFolder, type SweepRequest } from "./run_sweep.ts";

/** A sweep as it is left. */
export interface WrittenReport {
  /** The folder of the sweep. */
  readonly folder: string;
  /** The files that were written there, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** What is to be said of each run that failed. */
  readonly failures: readonly string[];
}

/** Writes page and tables of a sweep into its folder. */
export async function writeReport(request: SweepRequest): Promise<WrittenReport> {
  const folder = sweepFolder(request);
  const outcomes = await outcomesOf(request);
  const logs = new Map<string, string>();
  const failures: string[] = [];
  for (const outcome of outcomes) {
    if (outcome.state.standing !== "failed") continue;
    const log = await endOfLog(join(outcome.folder, LOG_FILE));
    logs.set(outcome.run.id, log);
    failures.push(failureText(outcome, log));
  }
  const date = new Date().toISOString().slice(0, 10);
  const files = sweepFiles({ name: request.sweep.name, outcomes, logs, date });
  for (const [name, text] of Object.entries(files)) {
    await writeFileAtomic(join(folder, name), text);
  }
  return { folder, files, failures };
}
