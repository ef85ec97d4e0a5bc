/** A row of the bench against PyTorch. @module */

import { InklingError } from "../../errors.ts";
import { requireAgreement } from "../step_contest.ts";
import {
  type Effort,
  type Sample,
  timeInTurns,
  type Timer,
  timerOf,
  waitFloor,
  type Work,
} from "../stopwatch.ts";
import type { TorchJob, TorchPeer, Variant } from "./peer.ts";

/** Our side of a row, with what PyTorch needs to do the same. */
export interface PreparedRow {
  /** Ours. */
  readonly ours: Work;
  /** The same in PyTorch. */
  readonly job: TorchJob;
  /** Our losses of the first steps; PyTorch's must agree. @default none to compare */
  readonly losses?: Float32Array;
  /** Frees what ours works on. */
  dispose(): void;
}

/** Something that this library and PyTorch can both do. */
export interface TorchContest {
  /** The row's name, by which it is picked. */
  readonly name: string;
  /** How PyTorch is to run it. */
  readonly variants: readonly Variant[];
  /** Floating-point operations, where they are what it is about. */
  readonly flops?: number;
  /** Makes our side and runs it until it is warm. */
  prepare(): Promise<PreparedRow>;
}

/** What a row came to. Times are in ms, for once. */
export interface TorchComparison {
  /** The contest's name. */
  readonly name: string;
  /** Ours. */
  readonly ours: Sample;
  /** PyTorch's, by variant. */
  readonly torch: Readonly<Partial<Record<Variant, Sample>>>;
  /** Why variants could not be run. */
  readonly missing: Readonly<Partial<Record<Variant, string>>>;
  /** Rounds that the medians are of. */
  readonly rounds: number;
  /** Floating-point operations, where they are what it is about. */
  readonly flops: number | undefined;
}

/** Runs a contest: in each round ours, then every variant that PyTorch can run. */
export async function compareWithTorch(
  { name, variants, flops, prepare }: TorchContest,
  peer: TorchPeer,
  effort: Effort,
): Promise<TorchComparison> {
  const { ours, job, losses, dispose } = await prepare();
  try {
    const torchLosses = await peer.open(job);
    if (losses) requireAgreement(torchLosses ?? [], losses, "PyTorch");
    const missing: Partial<Record<Variant, string>> = {};
    const running: Variant[] = [];
    for (const variant of variants) {
      // Twice: torch.compile compiles once more when a batch of another size comes again.
      await peer.run(variant, 1);
      const warm = await peer.run(variant, 1);
      if ("error" in warm) missing[variant] = warm.error;
      else running.push(variant);
    }
    const timers = running.map((variant): Timer => async (times) => {
      const answer = await peer.run(variant, times);
      if (!("error" in answer)) return answer.ms;
      throw new InklingError(`Cannot time ${variant}: it must run again, got ${answer.error}`);
    });
    const own = timerOf(ours, await waitFloor());
    const { samples: [first, ...rest], rounds } = await timeInTurns([own, ...timers], effort);
    const torch = Object.fromEntries(running.map((variant, i) => [variant, rest[i]!]));
    return { name, ours: first!, torch, missing, rounds, flops };
  } finally {
    dispose();
  }
}
