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
  const timers = [pair.stock, pair.ours].map((work) => timerOf(work, floor));
  const { samples: [stock, ours], rounds } = await timeInTurns(timers, effort);
  return { stock: stock!, ours: ours!, rounds };
}

/** Does something `times` over; resolves with the milliseconds that it took. */
export type Timer = (times: number) => Promise<number>;

/** Times a work on the GPU, without the `floor` of the wait at its end, in ms. */
export function timerOf(work: Work, floor: number): Timer {
  return async (times) => Math.max(0, await milliseconds(() => work(times)) - floor);
}

/** Times warm works in turns: a round has a part of each. Samples are in the order of the works. */
export async function timeInTurns(
  timers: readonly Timer[],
  effort: Effort,
): Promise<{ samples: Sample[]; rounds: number }> {
  const repeated: number[] = [];
  for (const timer of timers) repeated.push(await repetitions(timer, effort.part));
  const times: number[][] = timers.map(() => []);
  const started = performance.now();
  let rounds = 0;
  const isOver = () => {
    if (rounds < effort.minRounds) return false;
    const spent = performance.now() - started;
    return rounds >= effort.maxRounds || spent + spent / rounds > effort.budget;
  };
  while (!isOver()) {
    for (const [i, timer] of timers.entries()) {
      times[i]!.push(await timer(repeated[i]!) / repeated[i]!);
    }
    rounds++;
  }
  return { samples: times.map(summary), rounds };
}

/** How often a work must be done to fill `part` milliseconds. */
async function repetitions(timer: Timer, part: number): Promise<number> {
  let times = 1;
  // What is over within the noise of a wait is timed again with more of it.
  for (const enough = part / 4; times < MAX_TIMES;) {
    const spent = await timer(times);
    if (spent >= enough) {
      return Math.min(MAX_TIMES, Math.max(1, Math.round(part * times / spent)));
    }
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
