/** Attempts as elements of job arrays of Slurm. @module */

import { join } from "../deps.ts";
import { InklingError } from "../errors.ts";
import type { Progress } from "../train/progress.ts";
import type { Attempt, Execute } from "./attempt.ts";
import { EXIT_FILE, slurmScript } from "./slurm_script.ts";
import type { SlurmRequest } from "./slurm_script.ts";

/** What Slurm is asked for, and what for. */
export interface SlurmOptions {
  /** The name of the sweep. */
  readonly name: string;
  /** The folder of the sweep. */
  readonly folder: string;
  /** What the jobs get. */
  readonly request: SlurmRequest;
  /** Whether to wait for the jobs. */
  readonly wait: boolean;
  /** Where jobs are announced. */
  readonly progress: Progress;
  /** Time between two looks, in ms. @default 5000 */
  readonly interval?: number;
}

/** Slurm's usual limit to the size of an array is 1001 elements. */
const ARRAY_SIZE = 1000;
/** Looks at a file system that may lag behind, after a job has ended, until a status is given up. */
const LATE_LOOKS = 6;
/** Looks in a row in which Slurm does not answer, until it is given up. */
const SILENT_LOOKS = 60;
/** Jobs in these states do nothing any more; in any other they may. */
const ENDED = new Set(
  ("BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED REVOKED " +
    "TIMEOUT").split(" "),
);

/** Makes attempts as job arrays. Stopped, it leaves the jobs to Slurm. */
export function withSlurm(options: SlurmOptions): Execute {
  const { wait, interval = 5000 } = options;
  return async (attempts, watch, signal) => {
    const open = new Map<Attempt, { readonly job: string; looks: number }>();
    for (const attempt of attempts) {
      if (attempt.job !== undefined) open.set(attempt, { job: attempt.job, looks: 0 });
    }
    const fresh = attempts.filter(({ job }) => job === undefined);
    for (let i = 0; i < fresh.length; i += ARRAY_SIZE) {
      const part = fresh.slice(i, i + ARRAY_SIZE);
      const job = await submit(part, options);
      for (const attempt of part) open.set(attempt, { job, looks: 0 });
      await watch.begun(part, job);
      options.progress.line(
        `job ${job} of Slurm: ${part.length} ${part.length === 1 ? "run" : "runs"}`,
      );
    }
    for (let silent = 0;;) {
      // Asked first: a job that is gone has written its status before.
      const active = await activeJobs();
      silent = active === undefined ? silent + 1 : 0;
      if (silent === SILENT_LOOKS) {
        throw new InklingError(
          "Cannot wait for Slurm: squeue has not answered for a while, got an error each time. Run " +
            "the same command again when it does",
        );
      }
      for (const [attempt, place] of open) {
        const exit = await readExit(attempt);
        const isGone = active !== undefined && !active.has(place.job);
        if (exit === null && !(isGone && ++place.looks >= LATE_LOOKS)) continue;
        open.delete(attempt);
        await watch.ended(attempt, exit);
      }
      if (open.size === 0 || !wait) return;
      await pause(interval, signal);
    }
  };
}

async function submit(attempts: readonly Attempt[], options: SlurmOptions): Promise<string> {
  const { name, folder, request } = options;
  const script = slurmScript({ name, folder, cwd: Deno.cwd(), attempts, request });
  for (const attempt of attempts) {
    await Deno.mkdir(attempt.folder, { recursive: true });
    await Deno.remove(exitPath(attempt)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  const path = join(folder, "slurm.sh");
  await Deno.writeTextFile(path, script);
  const { success, out, err } = await run("sbatch", ["--parsable", path]);
  const job = out.trim().split(";")[0] ?? "";
  if (success && /^\d+$/.test(job)) return job;
  throw new InklingError(
    `Cannot hand the runs to Slurm: sbatch refuses ${path}, got "${(err || out).trim()}"`,
  );
}

/** The jobs of this user that may still do something; `undefined` when Slurm does not say. */
async function activeJobs(): Promise<ReadonlySet<string> | undefined> {
  const { success, out } = await run("squeue", [
    "--me",
    "--noheader",
    "--states=all",
    "-o",
    "%F %T",
  ]);
  if (!success) return undefined;
  const jobs = out.trim().split("\n").map((line) => line.trim().split(" "));
  return new Set(jobs.flatMap(([job, state]) => job && !ENDED.has(state ?? "") ? [job] : []));
}

async function run(
  program: string,
  args: readonly string[],
): Promise<{ success: boolean; out: string; err: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args] })
      .output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { success, out: text(stdout), err: text(stderr) };
  } catch (error) {
    // A program that was not there at the start was not granted either.
    const missing = [Deno.errors.NotFound, Deno.errors.NotCapable];
    if (!missing.some((kind) => error instanceof kind)) throw error;
    throw new InklingError(
      `Cannot use Slurm: ${program} is not on the PATH. Run the sweep on a machine that hands jobs ` +
        "to Slurm, or without --on slurm",
    );
  }
}

async function readExit(attempt: Attempt): Promise<number | null> {
  try {
    return Number(await Deno.readTextFile(exitPath(attempt)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function exitPath({ folder }: Attempt): string {
  return join(folder, EXIT_FILE);
}

/** Waits, or throws the reason of `signal`. */
async function pause(time: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const wake = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", wake);
      resolve();
    }, time);
    signal.addEventListener("abort", wake, { once: true });
  });
}
