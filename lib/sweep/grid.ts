/** The grid of a sweep: every combination of the values that its options may take. @module */

import { createHash } from "node:crypto";

/** One value of an option; a list only for an option that takes several at once. */
export type Point = string | number | boolean | readonly (string | number)[];

/** A part of a sweep: one task, the values of each option, the seeds. */
export interface GridEntry {
  /** The task. */
  readonly task: string;
  /** The values that each option takes in turn. */
  readonly axes: Readonly<Record<string, readonly Point[]>>;
  /** The seeds; none for a task in which nothing is random. */
  readonly seeds: readonly number[];
}

/** One run of a sweep. */
export interface PlannedRun {
  /** Its identity, made of task, options and seed, and the name of its folder. */
  readonly id: string;
  /** The task. */
  readonly task: string;
  /** The value of each option that the sweep sets. */
  readonly options: Readonly<Record<string, Point>>;
  /** The seed; `undefined` for a task in which nothing is random. */
  readonly seed: number | undefined;
}

/** How many runs an entry stands for. */
export function gridSize({ axes, seeds }: GridEntry): number {
  const sizes = Object.values(axes).map(({ length }) => length);
  return sizes.reduce((a, b) => a * b, Math.max(1, seeds.length));
}

/**
 * All runs of the entries in the order of the file: the last option changes before those above it,
 * the seed before all. What two entries have in common is run once.
 */
export function expandGrid(entries: readonly GridEntry[]): PlannedRun[] {
  const runs = new Map<string, PlannedRun>();
  for (const { task, axes, seeds } of entries) {
    for (const options of combinations(axes)) {
      for (const seed of seeds.length > 0 ? seeds : [undefined]) {
        const id = identityOf(task, options, seed);
        if (!runs.has(id)) runs.set(id, { id, task, options, seed });
      }
    }
  }
  return [...runs.values()];
}

/** Task and options in words, as they would stand on a command line. */
export function describeOptions(task: string, options: PlannedRun["options"]): string {
  return [task, ...Object.entries(options).map(([name, value]) => `${name}=${value}`)].join(" ");
}

/** A run in words. */
export function describeRun({ task, options, seed }: PlannedRun): string {
  return describeOptions(task, options) + (seed === undefined ? "" : ` seed=${seed}`);
}

/** The options of a run that other runs of its task have otherwise. */
export function variedOptions(
  { task, options }: Pick<PlannedRun, "task" | "options">,
  runs: readonly PlannedRun[],
): PlannedRun["options"] {
  const others = runs.filter((run) => run.task === task);
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) =>
      others.some((other) => !sameValue(other.options[name], value))
    ),
  );
}

/** Whether two values of an option are the same, lists by what they hold. */
export function sameValue(a: Point | undefined, b: Point | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function combinations(axes: GridEntry["axes"]): Record<string, Point>[] {
  return Object.entries(axes).reduce<Record<string, Point>[]>(
    (made, [name, points]) =>
      made.flatMap((options) => points.map((point) => ({ ...options, [name]: point }))),
    [{}],
  );
}

/** Does not depend on the order in which the options stand in the file. */
function identityOf(
  task: string,
  options: PlannedRun["options"],
  seed: number | undefined,
): string {
  const sorted = Object.entries(options).sort(([a], [b]) => a < b ? -1 : 1);
  const text = JSON.stringify([task, sorted, seed ?? null]);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return seed === undefined ? `${task}-${digest}` : `${task}-s${seed}-${digest}`;
}
