/**
 * Compares the classifiers on one data set: accuracy, size, time, and what they get wrong.
 *
 *     deno task compare                                 the digits, three seeds each
 *     deno task compare --quick                         one seed, fewer epochs: minutes
 *     deno task compare --dataset mnist --models svm,rf,mlp,lenet5 --seeds 1
 *
 * A run that is there already, finished and with the same options, is taken; one that was stopped is
 * taken up again. So the task can be stopped at any time and started again.
 *
 * @module
 */

import { comparisonFiles } from "../lib/compare/page.ts";
import { contestantOf } from "../lib/compare/contestant.ts";
import { findRun } from "../lib/compare/find_run.ts";
import type { Contestant } from "../lib/compare/statistics.ts";
import { parseCommand, type Parsed, runTask } from "../lib/cli.ts";
import { loadDataset } from "../lib/data/load.ts";
import type { DatasetName } from "../lib/data/types.ts";
import { join } from "../lib/deps.ts";
import { makeFolder, writeFileAtomic } from "../lib/files.ts";
import { counted, grouped } from "../lib/text.ts";
import { showFetch } from "../lib/train/announce.ts";
import {
  type ClassicalRequest,
  classicalRun,
  classicalSettings,
} from "../lib/train/classical_task.ts";
import { applyOptions, TRAINING_OPTIONS } from "../lib/train/options.ts";
import { Progress } from "../lib/train/progress.ts";
import type { TrainingTask } from "../lib/train/run.ts";
import { INTERRUPTED } from "../lib/train/signals.ts";
import { trainRun } from "../lib/train/task.ts";
import { cnn } from "./cnn.ts";
import { gru } from "./gru.ts";
import { lenet5 } from "./lenet5.ts";
import { mlpTask } from "./mlp.ts";
import { resnetTask } from "./resnet.ts";
import { rfRequest, rfSpec } from "./rf.ts";
import { svmRequest, svmSpec } from "./svm.ts";
import { vit } from "./vit.ts";

const NETWORKS: Readonly<Record<string, TrainingTask>> = {
  mlp: mlpTask(),
  cnn,
  lenet5,
  resnet: resnetTask(),
  gru,
  vit,
  "resnet-18ish": resnetTask("resnet-18ish"),
  "mlp-512": mlpTask("mlp-512"),
  "resnet-conv-shortcut": resnetTask("resnet-conv-shortcut"),
};

const MODELS = ["svm", "rf", ...Object.keys(NETWORKS)];

/** The largest network takes as long as all others together; the others are variants of those there. */
const ONLY_NAMED: readonly string[] = ["resnet-18ish", "mlp-512", "resnet-conv-shortcut"];

const DEFAULT_MODELS = MODELS.filter((model) => !ONLY_NAMED.includes(model));

/**
 * What `--quick` cuts epochs down to on the digits, so that all together take less than five minutes on
 * two cores without a GPU.
 */
const QUICK_EPOCHS: Readonly<Record<string, number>> = {
  "cnn": 5,
  "lenet5": 25,
  "resnet": 25,
  "gru": 25,
  "vit": 10,
  "resnet-18ish": 2,
};

const { dataset, data, recipe, subset, "test-subset": testSubset, json, quiet } = TRAINING_OPTIONS;

const OPTIONS = {
  dataset: {
    ...dataset,
    default: "digits",
    choices: ["digits", "mnist", "fashion-mnist"],
    help: "Data set.",
  },
  data,
  models: {
    type: "strings",
    choices: MODELS,
    default: DEFAULT_MODELS,
    help:
      "Which classifiers; without it all but resnet-18ish, which takes as long as all others, " +
      "and mlp-512 and resnet-conv-shortcut, which are variants of mlp and resnet.",
  },
  seeds: { type: "integer", min: 1, default: 3, help: "Runs of each, with the seeds 1, 2, …" },
  recipe,
  epochs: { type: "integer", min: 1, help: "Epochs of the networks; without it their recipes'." },
  subset,
  "test-subset": testSubset,
  quick: {
    type: "boolean",
    help: "One seed, and fewer epochs: minutes on the digits. Else one epoch of each.",
  },
  runs: { type: "path", placeholder: "DIR", default: "runs", help: "Folder for run folders." },
  out: {
    type: "path",
    placeholder: "DIR",
    help: "Folder for the page and the tables; without it compare/<dataset> among the runs.",
  },
  json,
  quiet,
} as const;

type CompareOptions = Parsed<typeof OPTIONS>["options"];

async function compare({ options, given }: Parsed<typeof OPTIONS>): Promise<number> {
  const progress = new Progress({ quiet: options.quiet });
  const loaded = await loadDataset({
    dataset: options.dataset,
    dir: options.data,
    testSubset: options["test-subset"],
    onProgress: showFetch(progress),
    notice: (line) => progress.warn(line),
  });
  const folder = options.out ?? join(options.runs, "compare", loaded.name);
  await makeFolder(folder, "the page");
  const runs = options.quick && !given.has("seeds") ? 1 : options.seeds;
  const seeds = Array.from({ length: runs }, (_, i) => i + 1);
  const contestants: Contestant[] = [];
  for (const model of new Set(options.models)) {
    // The machine has no seed: a second run would be the first.
    for (const seed of model === "svm" ? [1] : seeds) {
      progress.line(`\n== ${model}, seed ${seed}`);
      const run = await runOf(model, seed, options, progress);
      if (run === undefined) {
        progress.warn("the comparison goes on with the same command");
        return INTERRUPTED;
      }
      contestants.push(await contestantOf(run, loaded.test));
    }
  }
  const trainers = new Set(contestants.flatMap(({ adapter }) => adapter ?? []));
  const testers = new Set(contestants.flatMap(({ testAdapter }) => testAdapter ?? []));
  const files = comparisonFiles({
    dataset: loaded,
    contestants,
    conditions: [
      ["Recipes", recipesOf(options)],
      ["Training images", firstOf(options.subset, loaded.train.count)],
      ["Test images", firstOf(options["test-subset"], loaded.test.count)],
      ...(trainers.size > 0 ? [["Networks trained on", [...trainers].join(", ")] as const] : []),
      ["Tested on", [`${navigator.hardwareConcurrency} cores`, ...testers].join(", ")],
      ["Date", new Date().toISOString().slice(0, 10)],
    ],
  });
  for (const [name, text] of Object.entries(files)) {
    await writeFileAtomic(join(folder, name), text);
  }
  const table = `\n${files["table.md"]}\nsee ${join(folder, "report.html")}`;
  if (options.json) progress.line(table);
  console.log(options.json ? JSON.stringify(JSON.parse(files["table.json"]!)) : table);
  return 0;
}

function recipesOf({ recipe, epochs, quick }: CompareOptions): string {
  if (epochs !== undefined) return `${recipe}, networks for ${counted(epochs, "epoch")}`;
  return recipe + (quick ? ", cut short by --quick" : "");
}

/** How many images, where a subset may have been asked for; it is never more than there are. */
function firstOf(subset: number | undefined, count: number): string {
  return subset === undefined ? grouped(count) : `the first ${grouped(Math.min(subset, count))}`;
}

/** The folder of a finished run; `undefined` when it was stopped by a signal. */
function runOf(
  model: string,
  seed: number,
  options: CompareOptions,
  progress: Progress,
): Promise<string | undefined> {
  const network = NETWORKS[model];
  if (network) return networkRun(network, seed, options, progress);
  return classical(model === "svm" ? svm(options) : forest(options, seed), options, progress);
}

async function networkRun(
  task: TrainingTask,
  seed: number,
  options: CompareOptions,
  progress: Progress,
): Promise<string | undefined> {
  const spec = { name: task.task, summary: "", examples: [], options: TRAINING_OPTIONS };
  const published = task.recipe(options.dataset as DatasetName, options.recipe === "best").epochs;
  const quick = options.dataset === "digits" ? QUICK_EPOCHS[task.model] ?? published : 1;
  const epochs = options.epochs ?? (options.quick ? Math.min(quick, published) : published);
  const args = [...dataArguments(options), `--recipe=${options.recipe}`, `--seed=${seed}`];
  const { options: own, given } = parseCommand(spec, [...args, `--epochs=${epochs}`]);
  const best = own.recipe === "best";
  const found = await findRun(join(options.runs, task.task), {
    model: task.model,
    recipe: applyOptions(task.recipe(own.dataset as DatasetName, best), own, given),
    "dataset.name": own.dataset,
    "dataset.subset": own.subset ?? null,
    "dataset.validation": 0,
  });
  if (found?.finished) return taken(found.folder, progress);
  const request = { ...task, options: own, given };
  const resumed = found && parseCommand(spec, [`--resume=${found.folder}`, `--data=${own.data}`]);
  const outcome = await trainRun({ ...request, ...resumed }, progress);
  return outcome?.result.run;
}

async function classical(
  request: ClassicalRequest,
  options: CompareOptions,
  progress: Progress,
): Promise<string> {
  const found = await findRun(join(options.runs, request.task), {
    settings: classicalSettings(request),
    seed: request.seed,
    "dataset.name": options.dataset,
    "dataset.subset": options.subset ?? null,
  });
  // A run that was stopped has no folder of its own.
  if (found?.finished) return taken(found.folder, progress);
  const { result } = await classicalRun(request, progress);
  return result.run;
}

function svm(options: CompareOptions): ClassicalRequest {
  const best = options.recipe === "best" ? ["--C=10", "--deskew"] : [];
  return svmRequest(parseCommand(svmSpec, [...dataArguments(options), ...best]).options);
}

function forest(options: CompareOptions, seed: number): ClassicalRequest {
  const best = options.recipe === "best" ? ["--extra-trees", "--deskew"] : [];
  const args = [...dataArguments(options), `--seed=${seed}`, ...best];
  return rfRequest(parseCommand(rfSpec, args).options);
}

function dataArguments(options: CompareOptions): string[] {
  const { dataset, data, runs, subset, "test-subset": tested } = options;
  return [
    `--dataset=${dataset}`,
    `--data=${data}`,
    `--out=${runs}`,
    ...(subset === undefined ? [] : [`--subset=${subset}`]),
    ...(tested === undefined ? [] : [`--test-subset=${tested}`]),
  ];
}

function taken(folder: string, progress: Progress): string {
  progress.line(`taken from ${folder}`);
  return folder;
}

if (import.meta.main) {
  await runTask({
    name: "compare",
    summary:
      "Trains every classifier on one data set, or takes the runs that are there, and writes one " +
      "page and one table: accuracy, size, time, the hardest images, who confuses what. It can be " +
      "stopped and started again.",
    examples: [
      "deno task compare --quick",
      "deno task compare --dataset mnist --models svm,rf,lenet5 --seeds 1 --data ../datasets",
      "deno task compare --recipe best --json",
    ],
    options: OPTIONS,
  }, compare);
}
