/**
 * Shows, fetches and verifies the data sets.
 *
 *     deno task data                                  what is there, in which state, on which terms
 *     deno task data fetch --dataset mnist            download what is missing
 *     deno task data verify                           hash every file; exit status 1 for a damaged one
 *     deno task data show --dataset fashion-mnist     a picture of ten images of every class
 *
 * The data sets are described in lib/data/catalog.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { DATASET_NAMES, DIGITS, FETCHED, type FetchedName } from "../lib/data/catalog.ts";
import { fetchDataset, type FetchProgress, missingFiles } from "../lib/data/fetch.ts";
import { type FileReport, inspectDataset } from "../lib/data/inspect.ts";
import { loadDataset } from "../lib/data/load.ts";
import { type DataPlace, mirrorsOf, placeOf } from "../lib/data/place.ts";
import type { Dataset, DatasetName } from "../lib/data/types.ts";
import { dirname, join } from "../lib/deps.ts";
import { UsageError } from "../lib/errors.ts";
import { bar } from "../lib/train/progress.ts";
import { imageGrid } from "../lib/viz/grid.ts";
import { savePicture } from "../lib/viz/save.ts";

const ACTIONS = ["list", "fetch", "verify", "show"] as const;
type Action = typeof ACTIONS[number];

/** Images of each class on the sheet. */
const PER_CLASS = 10;

/** What the command line asks for. */
interface Request {
  readonly dataset: DatasetName | undefined;
  /** The option as it was given. */
  readonly data: string;
  readonly place: DataPlace;
  readonly out: string | undefined;
}

const ACT: Record<Action, (request: Request) => Promise<number>> = { list, fetch, verify, show };

/** Prints every data set with its files, their state, and the licence. */
async function list({ dataset, place: { dir } }: Request): Promise<number> {
  for (const name of fetchedNames(dataset)) {
    const { title, origin, licence } = FETCHED[name];
    console.log(`${name}: ${title}\n  ${origin}; ${licence}`);
    for (const report of await inspectDataset(name, dir)) console.log(`  ${describe(report)}`);
  }
  if (dataset === undefined || dataset === "digits") {
    const { title, origin, licence } = DIGITS;
    console.log(`digits: ${title}\n  ${origin}; ${licence}\n  part of the program, no file needed`);
  }
  return 0;
}

/** Downloads the missing files. */
async function fetch({ dataset, place }: Request): Promise<number> {
  const { dir } = place;
  for (const name of fetchedNames(dataset)) {
    const missing = await missingFiles(FETCHED[name], join(dir, name));
    await fetchDataset(name, dir, {
      mirrors: mirrorsOf(place, name),
      onProgress: reporter(name),
    });
    const done = missing.length === 0 ? "all files were there" : `${missing.length} files fetched`;
    console.log(`${name}: ${done}, ${join(dir, name)}`);
  }
  return 0;
}

/** Hashes every file; fails for a damaged one, and for a missing one of a data set that was named. */
async function verify({ dataset, place: { dir } }: Request): Promise<number> {
  let failures = 0;
  for (const name of fetchedNames(dataset)) {
    for (const report of await inspectDataset(name, dir)) {
      const { condition, reason } = report;
      console.log(describe(report));
      if (reason !== undefined) console.error(reason);
      if (condition === "damaged" || (condition === "missing" && dataset === name)) failures++;
    }
  }
  return failures > 0 ? 1 : 0;
}

/** Writes a picture with the first training images of every class. */
async function show({ dataset, data, out }: Request): Promise<number> {
  const set = await loadDataset({
    dataset: dataset ?? "auto",
    dir: data,
    notice: (line) => console.error(line),
    onProgress: reporter(dataset ?? "mnist"),
  });
  const path = out ?? join("runs", "data", `${set.name}.png`);
  if (out === undefined) await Deno.mkdir(dirname(path), { recursive: true });
  await savePicture(path, contactSheet(set));
  console.log(path);
  return 0;
}

/** A PNG file with a row for each class. */
function contactSheet({ name, train, maxValue, classNames }: Dataset): Uint8Array {
  const size = train.height * train.width;
  const images = new Uint8Array(classNames.length * PER_CLASS * size);
  const placed = new Array<number>(classNames.length).fill(0);
  for (let i = 0; i < train.count; i++) {
    const label = train.labels[i]!;
    const column = placed[label]!;
    if (column === PER_CLASS) continue;
    const at = (label * PER_CLASS + column) * size;
    images.set(train.images.subarray(i * size, (i + 1) * size), at);
    placed[label] = column + 1;
  }
  return imageGrid({
    images,
    count: classNames.length * PER_CLASS,
    height: train.height,
    width: train.width,
    maxValue,
    columns: PER_CLASS,
    rowLabels: classNames,
    title: `${name}: the first training images of each class`,
  });
}

function fetchedNames(dataset: DatasetName | undefined): FetchedName[] {
  const names = Object.keys(FETCHED) as FetchedName[];
  return dataset === undefined ? names : names.filter((name) => name === dataset);
}

function describe({ file, path, condition }: FileReport): string {
  return `${condition.padEnd(8)}  ${String(file.bytes).padStart(8)} bytes  ${path}`;
}

/** A bar on a terminal; nothing elsewhere, where only the result matters. */
function reporter(name: string): (progress: FetchProgress) => void {
  const encoder = new TextEncoder();
  return ({ file, received, total }) => {
    if (!Deno.stderr.isTerminal()) return;
    const text = `\r\x1b[K${bar(received, total)} ${name} ${file} ${megabytes(received)} of ` +
      `${megabytes(total)} MB${received === total ? "\n" : ""}`;
    Deno.stderr.writeSync(encoder.encode(text));
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

if (import.meta.main) {
  await runTask({
    name: "data",
    summary: "Shows what there is of the data sets (list), downloads what is missing (fetch), " +
      "checks every file (verify), or draws ten images of every class (show).",
    examples: [
      "deno task data",
      "deno task data fetch --dataset mnist",
      "deno task data verify",
      "deno task data show --dataset digits --out digits.png",
    ],
    options: {
      dataset: {
        type: "string",
        choices: DATASET_NAMES,
        help: "Which data set; without it all of them, and for show MNIST or else the digits.",
      },
      data: {
        type: "path",
        default: "data",
        placeholder: "DIR|URL",
        help: "The folder with one folder for each data set, or the address of a server that has " +
          "one: what is missing is then fetched from there into data/.",
      },
      out: {
        type: "path",
        placeholder: "FILE.png",
        help: "Where show writes its picture; without it runs/data/<dataset>.png.",
      },
    },
    positionals: {
      name: "ACTION",
      help: "list (the default), fetch, verify or show.",
      min: 0,
      max: 1,
    },
  }, ({ options, positionals: [action = "list"] }) => {
    const known = ACTIONS.find((name) => name === action);
    if (known === undefined) {
      throw new UsageError(
        `Cannot run data: the action is ${ACTIONS.join(", ")}, got "${action}". Name one of them.`,
      );
    }
    const { dataset, data, out } = options;
    return ACT[known]({ dataset, data, place: placeOf(data), out });
  });
}
