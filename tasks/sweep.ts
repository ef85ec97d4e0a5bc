/**
 * Runs a grid of tasks, options and seeds, and collects what came out on one page.
 *
 *     deno task sweep docs/sweep.jsonc                          one run after another
 *     deno task sweep docs/sweep.jsonc --jobs 4                 four at a time
 *     deno task sweep docs/sweep.jsonc --dry-run                only say what would be run
 *     deno task sweep docs/sweep.jsonc --on slurm --time 1:00:00 --slurm-option gres=gpu:1
 *
 * The same command again runs what is not done yet, and nothing else.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import { type Parsed, runTask } from "../lib/cli.ts";
import { join } from "../lib/deps.ts";
import { UsageError } from "../lib/errors.ts";
import { locally } from "../lib/sweep/local.ts";
import { writeReport } from "../lib/sweep/report.ts";
import {
  plannedAttempts,
  runSweep,
  sweepFolder,
  type SweepRequest,
} from "../lib/sweep/run_sweep.ts";
import { withSlurm } from "../lib/sweep/slurm.ts";
import { commandLine, type SlurmRequest, slurmScript } from "../lib/sweep/slurm_script.ts";
import { readSweep, type SweptTasks } from "../lib/sweep/sweep_file.ts";
import { OUTPUT_OPTIONS } from "../lib/train/options.ts";
import { Progress } from "../lib/train/progress.ts";
import { INTERRUPTED, untilStopped } from "../lib/train/signals.ts";
import { denoArguments } from "../tools/grant.ts";
import { cddpmSpec } from "./cddpm.ts";
import { cnnSpec } from "./cnn.ts";
import { ddpmSpec } from "./ddpm.ts";
import { ditSpec } from "./dit.ts";
import { ganSpec } from "./gan.ts";
import { gruSpec } from "./gru.ts";
import { lenet5Spec } from "./lenet5.ts";
import { mlpSpec } from "./mlp.ts";
import { resnetSpec } from "./resnet.ts";
import { rfSpec } from "./rf.ts";
import { svmSpec } from "./svm.ts";
import { vitSpec } from "./vit.ts";

const TASKS: SweptTasks = Object.fromEntries(
  [
    mlpSpec,
    cnnSpec,
    lenet5Spec,
    resnetSpec,
    gruSpec,
    vitSpec,
    svmSpec,
    rfSpec,
    ddpmSpec,
    cddpmSpec,
    ditSpec,
    ganSpec,
  ].map(({ name, options }) => [name, options]),
);

const SLURM_OPTIONS = {
  partition: { type: "string", help: "With Slurm: the partition." },
  time: {
    type: "string",
    placeholder: "H:MM:SS",
    help: "With Slurm: the limit of each run; one that meets it is taken up by the next attempt.",
  },
  cpus: { type: "integer", min: 1, help: "With Slurm: cores of each run." },
  mem: { type: "string", placeholder: "SIZE", help: "With Slurm: memory of each run, such as 8G." },
  "slurm-option": {
    type: "string",
    placeholder: "OPTIONS",
    help: 'With Slurm: more options of sbatch, such as "gres=gpu:1 exclude=a,b".',
  },
  wait: {
    type: "boolean",
    default: true,
    help: "Wait for Slurm; with --no-wait the same command, given later, collects.",
  },
} as const;

const OPTIONS = {
  on: {
    type: "string",
    choices: ["local", "slurm"],
    default: "local",
    help: "Run here, or as job arrays of Slurm.",
  },
  jobs: {
    type: "integer",
    min: 1,
    help: "Runs at a time: here 1 unless given, with Slurm as many as it allows.",
  },
  ...SLURM_OPTIONS,
  "dry-run": { type: "boolean", help: "Print the commands, or the script for Slurm; run nothing." },
  runs: {
    type: "path",
    placeholder: "DIR",
    default: "runs",
    help: "Folder for run folders; the sweep is in sweep/<name> there.",
  },
  ...OUTPUT_OPTIONS,
} as const;

type SweepOptions = Parsed<typeof OPTIONS>["options"];

async function sweep({ options, given, positionals }: Parsed<typeof OPTIONS>): Promise<number> {
  if (Deno.build.standalone) {
    throw new UsageError(
      "Cannot run a sweep from a program: it starts tasks with Deno, got a sweep that was " +
        "compiled. Run it from a checkout, by URL, from its bundle or from an archive",
    );
  }
  const stray = Object.keys(SLURM_OPTIONS).find((name) => given.has(name as keyof SweepOptions));
  if (options.on === "local" && stray !== undefined) {
    throw new UsageError(`Cannot run a sweep here with --${stray}: it goes with --on slurm`);
  }
  const progress = new Progress({ quiet: options.quiet });
  const read = await readSweep(positionals[0]!, TASKS);
  const parent = join(options.runs, "sweep");
  const folder = sweepFolder({ sweep: read, parent });
  const slurm = slurmRequest(options);
  const request: SweepRequest = {
    sweep: read,
    tasks: TASKS,
    parent,
    command: (task, args) => [program(options.on), ...taskArguments(task, args)],
    execute: options.on === "local"
      ? locally(options.jobs ?? 1)
      : withSlurm({ name: read.name, folder, request: slurm, wait: options.wait, progress }),
    onSlurm: options.on === "slurm",
    wait: options.wait,
    progress,
  };
  if (options["dry-run"]) return await dryRun(request, folder, slurm);

  const hint = options.on === "slurm"
    ? "its jobs go on; the same command waits for them again, scancel ends them"
    : "the same command goes on with the sweep";
  const finished = await untilStopped(progress, hint, (signal) => runSweep(request, signal));
  const failed = await report(request, options, progress);
  if (!finished) return INTERRUPTED;
  return failed === 0 ? 0 : 1;
}

async function dryRun(
  request: SweepRequest,
  folder: string,
  slurm: SlurmRequest,
): Promise<number> {
  const attempts = await plannedAttempts(request);
  if (request.onSlurm && attempts.length > 0) {
    const { name } = request.sweep;
    const script = slurmScript({ name, folder, cwd: Deno.cwd(), attempts, request: slurm });
    console.log(script.trimEnd());
  } else {
    for (const { command } of attempts) console.log(commandLine(command));
  }
  request.progress.line(`${attempts.length} of ${request.sweep.runs.length} runs are left to make`);
  return 0;
}

/** Writes and prints what came out, and says how many runs failed. */
async function report(
  request: SweepRequest,
  options: SweepOptions,
  progress: Progress,
): Promise<number> {
  const { folder, files, failures } = await writeReport(request);
  for (const text of failures) progress.warn(text);
  const table = `\n${files["table.md"]}\nsee ${join(folder, "report.html")}`;
  if (options.json) progress.line(table);
  console.log(options.json ? JSON.stringify(JSON.parse(files["table.json"]!)) : table);
  return failures.length;
}

function slurmRequest(options: SweepOptions): SlurmRequest {
  const { partition, time, cpus, mem, jobs, "slurm-option": more = "" } = options;
  return { partition, time, cpus, mem, atOnce: jobs, more: more.split(/\s+/).filter(Boolean) };
}

/** Deno as this process may start it; on another machine the place of this one is meant. */
function program(on: SweepOptions["on"]): string {
  const own = Deno.execPath();
  const permission = { name: "run", command: own } as const;
  const granted = Deno.permissions.querySync(permission).state === "granted";
  return granted || on === "slurm" ? own : "deno";
}

/** The script of a task: the one of the checkout, or else the one beside this, be it a bundle. */
function scriptOf(task: string, script: string): string {
  const own = new URL(Deno.mainModule);
  const extension = own.pathname.slice(own.pathname.lastIndexOf("."));
  const isCheckout = own.protocol === "file:" && extension === ".ts";
  return isCheckout ? script : new URL(`${task}${extension}`, own).href;
}

/** The arguments with which `deno task` runs a task, from its line in `deno.json`. */
function taskArguments(task: string, args: readonly string[]): string[] {
  const { command } = config.tasks[task as keyof typeof config.tasks];
  const words = command.split(" ");
  const flags = words.slice(words.indexOf("tools/grant.ts") + 1, -1);
  try {
    return denoArguments([...flags, scriptOf(task, words.at(-1)!), ...args]);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

if (import.meta.main) {
  await runTask({
    name: "sweep",
    summary:
      "Runs every combination of the options and seeds that a file names, here or with Slurm, and " +
      "writes one page and tables: mean and spread over the seeds, times, sizes, failures. A run " +
      "that failed is tried again. It can be stopped and started again: what is done is not run " +
      "twice. docs/sweep.jsonc is an example of the file.",
    examples: [
      "deno task sweep docs/sweep.jsonc",
      "deno task sweep my.json --jobs 2 --dry-run",
      "deno task sweep my.json --on slurm --partition gpu --slurm-option gres=gpu:1",
    ],
    options: OPTIONS,
    positionals: { name: "FILE", help: "The file of the sweep.", min: 1, max: 1 },
  }, sweep);
}
