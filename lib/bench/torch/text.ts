/** The results against PyTorch for people, and for scripts. @module */

import { digits } from "../text.ts";
import type { TorchComparison } from "./contest.ts";
import { type Variant, VARIANTS } from "./peer.ts";

const NAME = 38;
const CELL = 16;

/** The lines above the comparisons. */
export function torchHeader(): string[] {
  const titles = ["ours ms", ...VARIANTS].map((title) => title.padStart(CELL));
  return [
    `${"".padEnd(NAME)}${titles.join("")}`,
    `${"".padEnd(NAME + CELL)}${"ms  times ours".padStart(CELL).repeat(VARIANTS.length)}`,
  ];
}

/** A comparison as a line: behind each of PyTorch's times, how many times ours it is. */
export function torchLine({ name, ours, torch }: TorchComparison): string {
  const cells = VARIANTS.map((variant) => {
    const sample = torch[variant];
    if (!sample) return "-";
    return `${digits(sample.median)} ${digits(sample.median / ours.median)}x`.padStart(CELL);
  });
  const all = [digits(ours.median), ...cells].map((cell) => cell.padStart(CELL));
  return `${name.padEnd(NAME)}${all.join("")}`;
}

/** What share of the ceiling both sides reach, in a line; none where operations are not counted. */
export function ceilingLine(
  { flops, ours, torch: { eager } }: TorchComparison,
  ceiling: number,
): string | undefined {
  if (flops === undefined) return undefined;
  const share = (ms: number) => `${digits(flops / ms / 1e4 / ceiling)} %`;
  const theirs = eager ? `, PyTorch ${share(eager.median)}` : "";
  return `  of the ceiling of ${digits(ceiling)} GFLOP/s: ours ${share(ours.median)}${theirs}`;
}

/** Why variants have no times, in lines. */
export function missingLines(comparisons: readonly TorchComparison[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { name, missing } of comparisons) {
    for (const [variant, reason] of Object.entries(missing)) {
      const key = `${variant}: ${reason}`;
      reasons.set(key, [...reasons.get(key) ?? [], name]);
    }
  }
  return [...reasons].map(([reason, names]) => `no ${reason} (${names.join(", ")})`);
}

/** A comparison as scripts read it: times in ms, for once. */
export interface TorchRow {
  /** Its name. */
  readonly name: string;
  /** This library. */
  readonly ours_ms: number;
  /** Shortest and longest time of this library. */
  readonly ours_range_ms: readonly [number, number];
  /** PyTorch by variant; `ratio` is its time by ours. */
  readonly torch: Readonly<
    Partial<
      Record<Variant, { ms: number; range_ms: readonly [number, number]; ratio: number }>
    >
  >;
  /** Why variants have no times. */
  readonly missing: Readonly<Partial<Record<Variant, string>>>;
  /** GFLOP/s of this library; `null` where operations are not counted. */
  readonly gflops: number | null;
  /** Rounds that the medians are of. */
  readonly rounds: number;
}

/** A comparison for scripts. */
export function torchRow(comparison: TorchComparison): TorchRow {
  const { name, ours, torch, missing, flops, rounds } = comparison;
  const theirs = Object.entries(torch).map(([variant, { median, min, max }]) => [
    variant,
    { ms: median, range_ms: [min, max], ratio: median / ours.median },
  ]);
  return {
    name,
    ours_ms: ours.median,
    ours_range_ms: [ours.min, ours.max],
    torch: Object.fromEntries(theirs),
    missing,
    gflops: flops === undefined ? null : flops / ours.median / 1e6,
    rounds,
  };
}
