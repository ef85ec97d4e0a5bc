/** A row of the bench: stock tfjs against this library. @module */

import type { CommandTime } from "../engine/profile.ts";
import { countOnce, type Counts } from "./counts.ts";
import { type Effort, type Pair, type Sample, timePair } from "./stopwatch.ts";

/** Both sides, ready to run. */
export interface PreparedPair extends Pair {
  /** Frees what both work on. */
  dispose(): void;
}

/** Something that stock tfjs and this library can both do. */
export interface Contest {
  /** The row's name, by which it is picked. */
  readonly name: string;
  /** Floating-point operations, where they are what it is about. */
  readonly flops?: number;
  /** Makes both sides and runs each until it is warm. */
  prepare(): Promise<PreparedPair>;
  /** Times each command of this library's side, where that is a recorded step. @default not to be had */
  profile?(): Promise<readonly CommandTime[]>;
}

/** What a contest came to. Times are for once. */
export interface Comparison {
  /** The contest's name. */
  readonly name: string;
  /** Times of stock tfjs in ms. */
  readonly stock: Sample;
  /** Times of this library in ms. */
  readonly ours: Sample;
  /** Rounds that the medians are of. */
  readonly rounds: number;
  /** What stock tfjs asks of the device. */
  readonly stockCounts: Counts;
  /** What this library asks of the device. */
  readonly oursCounts: Counts;
  /** GFLOP/s of this library, by its median. */
  readonly gflops?: number;
}

/** Runs a contest. */
export async function compare(contest: Contest, effort: Effort): Promise<Comparison> {
  const { name, flops } = contest;
  const pair = await contest.prepare();
  try {
    const stockCounts = await countOnce(pair.stock);
    const oursCounts = await countOnce(pair.ours);
    const times = await timePair(pair, effort);
    const rate = flops === undefined ? {} : { gflops: flops / times.ours.median / 1e6 };
    return { name, ...times, stockCounts, oursCounts, ...rate };
  } finally {
    pair.dispose();
  }
}
