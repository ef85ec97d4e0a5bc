/**
 * Reading the file of a sweep. Whatever is wrong in it is said before anything runs: a slip that
 * shows after hours of computing is the dearest one.
 *
 * @module
 */

import { nearest } from "../cli/nearest.ts";
import type { Options, OptionSpec } from "../cli/spec.ts";
import { describeValue, isList, readScalar } from "../cli/values.ts";
import { DataError, UsageError } from "../errors.ts";
import { isSystemError } from "../files.ts";
import { grouped } from "../text.ts";
import { expandGrid, type GridEntry, gridSize, type PlannedRun, type Point } from "./grid.ts";
import { parseJsonc } from "./jsonc.ts";

/** The tasks that can be swept, each with the options of its command line. */
export type SweptTasks = Readonly<Record<string, Options>>;

/** A sweep, read and checked. */
export interface Sweep {
  /** Its name, which names its folder. */
  readonly name: string;
  /** The runs. */
  readonly runs: readonly PlannedRun[];
  /** How often a run that failed is tried again. */
  readonly retries: number;
}

const MOST_RUNS = 10_000;
const MOST_RETRIES = 100;
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Options that every run of a sweep gets from the sweep itself. */
const OWN_OPTIONS: Readonly<Record<string, string>> = {
  seed: 'Write "seeds" beside "options".',
  out: "Each run has a folder of its own; --runs chooses where.",
  resume: "A run that was stopped is taken up by itself.",
  json: "Take it away.",
  quiet: "Take it away.",
};

/**
 * Reads the file of a sweep.
 *
 * @throws {DataError} When there is no such file.
 * @throws {UsageError} As {@link parseSweep}.
 */
export async function readSweep(path: string, tasks: SweptTasks): Promise<Sweep> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || !isSystemError(error)) throw error;
    throw new DataError(`Cannot read the file of the sweep: ${error.message}`);
  }
  return parseSweep(text, path, tasks);
}

/**
 * Reads a sweep.
 *
 * @param text The content of the file: JSON, in which remarks may stand.
 * @param file Its name, for errors.
 * @param tasks What can be swept.
 * @throws {UsageError} With one line that says where, what is allowed, and what was likely meant.
 */
export function parseSweep(text: string, file: string, tasks: SweptTasks): Sweep {
  const refuse: Refuse = (reason) => {
    throw new UsageError(`Cannot read ${file}: ${reason}`);
  };
  const { name, runs, retries = 1 } = keysOf(readJson(text, refuse), "the file", refuse, [
    "name",
    "runs",
    "retries",
  ]);
  if (typeof name !== "string" || !NAME.test(name)) {
    refuse(
      "name must be 1 to 64 letters, digits, dots, dashes and underscores that begin with a letter " +
        `or digit, got ${quote(name)}. It names the folder of the sweep.`,
    );
  }
  if (!isWhole(retries, 0, MOST_RETRIES)) {
    refuse(`retries must be a whole number from 0 to ${MOST_RETRIES}, got ${quote(retries)}.`);
  }
  if (!Array.isArray(runs) || runs.length === 0) {
    refuse(`runs must be a list with one entry or more, got ${quote(runs)}.`);
  }
  const entries = (runs as unknown[]).map((entry, i) =>
    readEntry(entry, `runs[${i}]`, tasks, refuse)
  );
  const size = entries.reduce((sum, entry) => sum + gridSize(entry), 0);
  if (size > MOST_RUNS) {
    refuse(
      `a sweep has at most ${grouped(MOST_RUNS)} runs, got ${grouped(size)}. Make it coarser.`,
    );
  }
  return { name: name as string, retries: retries as number, runs: expandGrid(entries) };
}

type Refuse = (reason: string) => never;

function readJson(text: string, refuse: Refuse): unknown {
  try {
    return parseJsonc(text);
  } catch (error) {
    return refuse(`it must be JSON: ${(error as SyntaxError).message}.`);
  }
}

function readEntry(value: unknown, at: string, tasks: SweptTasks, refuse: Refuse): GridEntry {
  const { task, options = {}, seeds } = keysOf(value, at, refuse, ["task", "options", "seeds"]);
  const offered = typeof task === "string" && Object.hasOwn(tasks, task) ? tasks[task] : undefined;
  if (offered === undefined) {
    const names = Object.keys(tasks);
    return refuse(
      `${at}.task must be one of ${names.join(", ")}, got ${quote(task)}.${meant(task, names)}`,
    );
  }
  const allowed = Object.keys(offered).filter((name) => !Object.hasOwn(OWN_OPTIONS, name));
  const axes: Record<string, readonly Point[]> = {};
  const given = objectOf(options, `${at}.options`, refuse);
  for (const [name, points] of Object.entries(given)) {
    const where = `${at}.options.${name}`;
    if (Object.hasOwn(OWN_OPTIONS, name)) {
      refuse(`${where} is for the sweep itself to set. ${OWN_OPTIONS[name]}`);
    }
    if (!allowed.includes(name)) {
      const hint = meant(name, allowed) || ` (deno task ${task} --help lists all)`;
      refuse(`${at}.options has an unknown option of ${task}, got ${quote(name)}.${hint}`);
    }
    axes[name] = readAxis(points, where, offered[name]!, refuse);
  }
  return {
    task: task as string,
    axes,
    seeds: readSeeds(seeds, at, task as string, offered, refuse),
  };
}

function readSeeds(
  seeds: unknown,
  at: string,
  task: string,
  offered: Options,
  refuse: Refuse,
): number[] {
  if (!Object.hasOwn(offered, "seed")) {
    if (seeds === undefined) return [];
    return refuse(`${at}.seeds must be left out, for ${task} has no seed, got ${quote(seeds)}.`);
  }
  if (seeds === undefined) return [1];
  const fine = Array.isArray(seeds) && seeds.length > 0 &&
    seeds.every((seed) => isWhole(seed, 0, Number.MAX_SAFE_INTEGER));
  if (!fine) {
    refuse(`${at}.seeds must be a list of whole numbers of at least 0, got ${quote(seeds)}.`);
  }
  return unrepeated(seeds as number[], `${at}.seeds`, refuse);
}

/** A list is an axis; what is not a list is one value. */
function readAxis(value: unknown, at: string, option: OptionSpec, refuse: Refuse): Point[] {
  const points: unknown[] = Array.isArray(value) ? value : [value];
  if (points.length === 0) refuse(`${at} must have one value or more, got an empty list.`);
  return unrepeated(points.map((point) => readPoint(point, at, option, refuse)), at, refuse);
}

function readPoint(point: unknown, at: string, option: OptionSpec, refuse: Refuse): Point {
  if (isList(option) && Array.isArray(point) && point.length > 0) {
    return point.map((part) => readPlain(part, at, option, refuse)) as (string | number)[];
  }
  return readPlain(point, at, option, refuse);
}

function readPlain(
  value: unknown,
  at: string,
  option: OptionSpec,
  refuse: Refuse,
): string | number | boolean {
  const type = jsonType(option);
  const found: string = typeof value;
  const read = found === type ? readScalar(option, String(value)) : undefined;
  if (read !== undefined) return read;
  const choices = "choices" in option ? option.choices ?? [] : [];
  const several = isList(option) ? ", a list of such lists" : ", or a list of them";
  const unquoted = typeof value === "string" && type !== "string" &&
      readScalar(option, value) !== undefined
    ? " Write it without quotes."
    : "";
  return refuse(
    `${at} must be ${describeValue(option)}${several}, got ${quote(value)}.` +
      (unquoted || meant(value, choices)),
  );
}

function jsonType({ type }: OptionSpec): "boolean" | "number" | "string" {
  if (type === "boolean") return "boolean";
  return /^(integer|number)/.test(type) ? "number" : "string";
}

function unrepeated<T>(values: readonly T[], at: string, refuse: Refuse): T[] {
  const seen = new Set<string>();
  for (const value of values) {
    const text = JSON.stringify(value);
    if (seen.has(text)) refuse(`${at} must not repeat a value, got ${quote(value)} twice.`);
    seen.add(text);
  }
  return [...values];
}

function keysOf(
  value: unknown,
  at: string,
  refuse: Refuse,
  allowed: readonly string[],
): Record<string, unknown> {
  const found = objectOf(value, at, refuse);
  for (const key of Object.keys(found)) {
    if (allowed.includes(key)) continue;
    const hint = meant(key, allowed) || ` It may have ${allowed.join(", ")}.`;
    refuse(`${at} has an unknown key, got ${quote(key)}.${hint}`);
  }
  return found;
}

function objectOf(value: unknown, at: string, refuse: Refuse): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  return refuse(`${at} must be an object in braces, got ${quote(value)}.`);
}

function meant(word: unknown, names: readonly string[]): string {
  const near = typeof word === "string" ? nearest(word, names) : [];
  return near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** The value as JSON on one line, cut when it is long. */
function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
