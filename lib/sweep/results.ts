/** The runs of a sweep by configuration: what each came to over its seeds. @module */

import { sizeOf } from "../compare/contestant.ts";
import { mean, standardDeviation } from "../compare/statistics.ts";
import { describeOptions, type PlannedRun, sameValue, variedOptions } from "./grid.ts";
import type { RunOutcome } from "./run_sweep.ts";

/** A task with one set of options, over its seeds. */
export interface Configuration {
  /** The task. */
  readonly task: string;
  /** The options that the sweep sets. */
  readonly options: PlannedRun["options"];
  /** Those of them that other configurations of the task have otherwise. */
  readonly varied: PlannedRun["options"];
  /** The task and what varies, in words. */
  readonly name: string;
  /** The seeds of the finished runs; none where nothing is random. */
  readonly seeds: readonly number[];
  /** The folders of the finished runs. */
  readonly runs: readonly string[];
  /** How many runs have no result. */
  readonly missing: number;
  /** The test accuracies, of a classifier. */
  readonly accuracies: readonly number[];
  /** The losses of the last epoch, of what has one. */
  readonly losses: readonly number[];
  /** The training times, in seconds. */
  readonly seconds: readonly number[];
  /** Its size in its own terms, when a run is finished. */
  readonly size: string | undefined;
  /** Epochs, of what has some. */
  readonly epochs: number | undefined;
}

/** Numbers and how they spread. */
export interface Spread {
  /** Their mean. */
  readonly mean: number;
  /** Their standard deviation (n − 1); 0 for one. */
  readonly sd: number;
}

/** The mean of values and how they spread; `undefined` when there are none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { mean: mean(values), sd: standardDeviation(values) };
}

/**
 * The configurations of a sweep: classifiers first, the most accurate at the top, then generators
 * from the least loss, then what has no result.
 */
export function configurationsOf(outcomes: readonly RunOutcome[]): Configuration[] {
  const groups = Map.groupBy(outcomes, ({ run }) => configurationKey(run));
  const firsts = [...groups.values()].map(([first]) => first!.run);
  const configurations = [...groups.values()].map((group): Configuration => {
    const { task, options } = group[0]!.run;
    const varied = variedOptions({ task, options }, firsts);
    const results = group.flatMap(({ result }) => result ?? []);
    const present = <T>(values: readonly (T | undefined)[]) =>
      values.filter((value) => value !== undefined);
    return {
      task,
      options,
      varied,
      name: describeOptions(task, varied),
      seeds: present(group.filter(({ result }) => result).map(({ run }) => run.seed)),
      runs: results.map(({ run }) => run),
      missing: group.length - results.length,
      accuracies: present(results.map((result) => result.test_accuracy)),
      losses: present(results.map((result) => result.train_loss)),
      seconds: results.map(({ seconds }) => seconds),
      size: results[0] && sizeOf(results[0]),
      epochs: results[0]?.epochs,
    };
  });
  return configurations.sort((a, b) => rank(a) - rank(b) || score(b) - score(a));
}

/** The options that all configurations have with the same value. */
export function commonOptions(configurations: readonly Configuration[]): PlannedRun["options"] {
  const [first, ...others] = configurations;
  return Object.fromEntries(
    Object.entries(first?.options ?? {}).filter(([name, value]) =>
      others.every(({ options }) => sameValue(options[name], value))
    ),
  );
}

function configurationKey({ task, options }: PlannedRun): string {
  return JSON.stringify([task, Object.entries(options).sort(([a], [b]) => a < b ? -1 : 1)]);
}

function rank({ accuracies, losses }: Configuration): number {
  return accuracies.length > 0 ? 0 : losses.length > 0 ? 1 : 2;
}

function score({ accuracies, losses }: Configuration): number {
  if (accuracies.length > 0) return mean(accuracies);
  return losses.length > 0 ? -mean(losses) : 0;
}
