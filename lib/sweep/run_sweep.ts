/** A sweep from its plan to its last run: what is done is left, what failed is tried again. @module */

import { join } from "../deps.ts";
import { UsageError } from "../errors.ts";
import { isSystemError } from "../files.ts";
import type { Progress } from "../train/progress.ts";
import {
  type Attempt,
  attemptOf,
  type Command,
  type Execute,
  leftovers,
  type RunResult,
} from "./attempt.ts";
import type { PlannedRun } from "./grid.ts";
import { SweepProgress } from "./progress.ts";
import { BY_SIGNAL, type RunState, SweepState } from "./state.ts";
import type { Sweep, SweptTasks } from "./sweep_file.ts";

/** What {@link runSweep} runs, and how. */
export interface SweepRequest {
  /** The sweep. */
  readonly sweep: Sweep;
  /** What can be swept. */
  readonly tasks: SweptTasks;
  /** The folder of all sweeps. */
  readonly parent: string;
  /** The command line of a run. */
  readonly command: Command;
  /** Where the runs are made. */
  readonly execute: Execute;
  /** Whether that is Slurm, and jobs of an earlier command may be waited for. */
  readonly onSlurm: boolean;
  /** Whether what failed may be tried again now, and not only by the next command. */
  readonly wait: boolean;
  /** Where the sweep is reported. */
  readonly progress: Progress;
}

/** A run and what became of it. */
export interface RunOutcome {
  /** The run. */
  readonly run: PlannedRun;
  /** How it stands. */
  readonly state: RunState;
  /** Its folder. */
  readonly folder: string;
  /** Its result, when it is done. */
  readonly result: RunResult | undefined;
}

/** The exit status of a task that was called wrongly: the same words will not do better. */
const USAGE = 2;

/** The folder of a sweep. */
export function sweepFolder({ sweep, parent }: Pick<SweepRequest, "sweep" | "parent">): string {
  return join(parent, sweep.name);
}

/**
 * The attempts that are left to make, without making them.
 *
 * @throws {DataError} When the sweep's state is damaged.
 */
export async function plannedAttempts(request: SweepRequest): Promise<Attempt[]> {
  const folder = sweepFolder(request);
  const state = await SweepState.open(folder, request.sweep.name);
  const left = await Promise.all(
    request.sweep.runs.map((run) => nextAttempt(run, state.of(run), request)),
  );
  return left.filter((attempt) => attempt !== undefined);
}

/**
 * Makes the runs that are left, and tries again those that failed.
 *
 * @throws {UsageError} When another process is at the same sweep, or Slurm has runs of it.
 * @throws {InklingError} When Slurm cannot be used.
 * @throws The reason of `signal` when that stops it.
 */
export async function runSweep(request: SweepRequest, signal: AbortSignal): Promise<void> {
  const { sweep, execute, progress } = request;
  const folder = sweepFolder(request);
  await Deno.mkdir(folder, { recursive: true });
  using _lock = await lockFolder(folder);
  const state = await SweepState.open(folder, sweep.name);
  const told = new SweepProgress(progress, sweep.runs);
  const watch = {
    begun: (attempts: readonly Attempt[], job?: string) =>
      state.set(attempts.map(({ run }) => [run, {
        standing: "running",
        attempts: state.of(run).attempts + 1,
        exit: null,
        ...(job !== undefined && { job }),
      }])),
    ended: async ({ run }: Attempt, exit: number | null) => {
      const { attempts } = state.of(run);
      const { result } = await leftovers(run, folder, request.tasks[run.task]!);
      // A driver may crash while it is unloaded, when everything is written: the result counts.
      const standing = result ? "done" : signal.aborted ? "stopped" : "failed";
      await state.set([[run, { standing, attempts, exit }]]);
      told.ended(run, state.of(run), result);
    },
  };
  for (let round = 0; round <= sweep.retries; round++) {
    const attempts: Attempt[] = [];
    for (const run of sweep.runs) {
      const { standing, exit } = state.of(run);
      if (round > 0 && (standing !== "failed" || exit === USAGE)) continue;
      const attempt = await nextAttempt(run, state.of(run), request);
      if (attempt) attempts.push(attempt);
      else if (standing !== "done") {
        await state.set([[run, { ...withoutJob(state.of(run)), standing: "done" }]]);
      }
    }
    const handed = attempts.filter(({ job }) => job !== undefined);
    if (handed.length > 0 && !request.onSlurm) {
      throw new UsageError(
        `Cannot run the sweep ${sweep.name} here: Slurm has runs of it, got job ${
          handed[0]!.job
        }. ` +
          "Add --on slurm",
      );
    }
    if (attempts.length === 0) break;
    const done = sweep.runs.filter((run) => state.of(run).standing === "done").length;
    told.round(attempts.length, done, round > 0);
    await execute(attempts, watch, signal);
    if (!request.wait) break;
  }
}

/** What became of each run of a sweep, as its folder tells. */
export async function outcomesOf(request: SweepRequest): Promise<RunOutcome[]> {
  const folder = sweepFolder(request);
  const state = await SweepState.open(folder, request.sweep.name);
  return await Promise.all(request.sweep.runs.map(async (run) => {
    const { result } = await leftovers(run, folder, request.tasks[run.task]!);
    return { run, state: state.of(run), folder: join(folder, run.id), result };
  }));
}

/**
 * The next attempt at a run; none when it is done. One that was stopped or killed is taken up; one
 * that failed of itself begins anew, for what it left may be the cause.
 */
async function nextAttempt(
  run: PlannedRun,
  { standing, exit, job }: RunState,
  { tasks, command, ...request }: SweepRequest,
): Promise<Attempt | undefined> {
  const folder = sweepFolder(request);
  const { result, unfinished } = await leftovers(run, folder, tasks[run.task]!);
  if (result) return undefined;
  const failed = standing === "failed" && exit !== null && exit <= BY_SIGNAL;
  return { ...attemptOf(run, folder, command, failed ? undefined : unfinished), job };
}

function withoutJob({ standing, attempts, exit }: RunState): RunState {
  return { standing, attempts, exit };
}

/** Keeps a second process from the sweep as long as this one lives, however it ends. */
async function lockFolder(folder: string): Promise<Deno.FsFile> {
  const file = await Deno.open(join(folder, "lock"), { write: true, create: true });
  let locked = true;
  try {
    locked = await file.tryLock(true);
  } catch (error) {
    // Some network file systems have no locks.
    if (!isSystemError(error)) throw error;
  }
  if (locked) return file;
  file.close();
  throw new UsageError(
    `Cannot run the sweep: another process is at it, got ${folder}. Wait for it, or end it first`,
  );
}
