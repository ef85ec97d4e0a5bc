/**
 * Times of two things that do the same, taken in turns.
 *
 * A machine's speed drifts with its temperature and with what else it does. So the two are not
 * timed one after the other: a round times both, rounds repeat, and medians are compared.
 *
 * @module
 */

import { backend, flush } from "../engine/backend.ts";

/** Does the work `times` over and resolves when the GPU is done with it. */
export type Work = (times: number) => Promise<void>;

/** Two works that do the same. */
export interface Pair {
  /** With stock tfjs. */
  readonly stock: Work;
  /** With this library. */
  readonly ours: Work;
}

/** How much time to spend. */
export interface Effort {
  /** Rounds at least. */
  readonly minRounds: number;
  /** Rounds at most. */
  readonly maxRounds: number;
  /** Milliseconds of a pair's rounds together, where `minRounds` allows it. */
  readonly budget: number;
  /** Milliseconds of one side's part in a round, where once takes no longer. */
  readonly part: number;
}

/** The effort of a result that is kept. */
export const THOROUGH: Effort = { minRounds: 5, maxRounds: 21, budget: 10_000, part: 400 };

/** The effort of a look. */
export const QUICK: Effort = { minRounds: 2, maxRounds: 2, budget: 0, part: 60 };

/** Milliseconds of a work done once, over all rounds. */
export interface Sample {
  /** The middle one. */
  readonly median: number;
  /** The shortest. */
  readonly min: number;
  /** The longest. */
  readonly max: number;
}

/** More repetitions than this would outgrow what a compiled step reads back in one wait. */
const MAX_TIMES = 1000;

/** Waits until the GPU has done everything that was asked of it. */
export async function gpuDone(): Promise<void> {
  flush();
  await backend().queue.onSubmittedWorkDone();
}

/**
 * Milliseconds that {@link gpuDone} takes when there is nothing to wait for: 10 and more, which are
 * in every time that ends with it.
 */
export async function waitFloor(): Promise<number> {
  await gpuDone();
  const times: number[] = [];
  for (let i = 0; i < 9; i++) times.push(await milliseconds(gpuDone));
  return summary(times).median;
}

/** Times both sides of a warm pair in turns, without the floor of the wait. */
export async function timePair(
  pair: Pair,
  effort: Effort,
): Promise<{ stock: Sample; ours: Sample; rounds: number }> {
  const floor = await waitFloor();
  const time = async (work: Work, times: number) =>
    Math.max(0, await milliseconds(() => work(times)) - floor) / times;
  const stockTimes = await repetitions(pair.stock, effort.part, time);
  const oursTimes = await repetitions(pair.ours, effort.part, time);
  const stock: number[] = [];
  const ours: number[] = [];
  const started = performance.now();
  const isOver = () => {
    const rounds = ours.length;
    if (rounds < effort.minRounds) return false;
    const spent = performance.now() - started;
    return rounds >= effort.maxRounds || spent + spent / rounds > effort.budget;
  };
  while (!isOver()) {
    stock.push(await time(pair.stock, stockTimes));
    ours.push(await time(pair.ours, oursTimes));
  }
  return { stock: summary(stock), ours: summary(ours), rounds: ours.length };
}

/** How often a work must be done to fill `part` milliseconds. */
async function repetitions(
  work: Work,
  part: number,
  time: (work: Work, times: number) => Promise<number>,
): Promise<number> {
  let times = 1;
  // What is over within the noise of a wait is timed again with more of it.
  for (const enough = part / 4; times < MAX_TIMES;) {
    const each = await time(work, times);
    if (each * times >= enough) return Math.min(MAX_TIMES, Math.max(1, Math.round(part / each)));
    times = Math.min(MAX_TIMES, times * 8);
  }
  return times;
}

/** Milliseconds until what `work` returns has resolved. */
export async function milliseconds(work: () => void | Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Median and extremes of one number or more. */
export function summary(values: readonly number[]): Sample {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
