/** The bench's results for people, and for scripts. @module */

import type { Comparison } from "./contest.ts";
import type { Measurement } from "./probe.ts";
import type { Sample } from "./stopwatch.ts";

const COLUMNS = [
  { title: "", width: 36 },
  { title: "stock ms (min-max)", width: 18 },
  { title: "ours ms (min-max)", width: 18 },
  { title: "ratio", width: 6 },
  { title: "GFLOP/s", width: 7 },
  { title: "dispatches", width: 10 },
] as const;

/** The line above the comparisons. */
export function headerLine(): string {
  return tableLine(COLUMNS.map(({ title }) => title));
}

/** A comparison as a line of the table. */
export function comparisonLine(comparison: Comparison): string {
  const { name, stock, ours, gflops, stockCounts, oursCounts } = comparison;
  return tableLine([
    name,
    range(stock),
    range(ours),
    `${digits(stock.median / ours.median)}x`,
    gflops === undefined ? "" : digits(gflops),
    `${stockCounts.dispatches} / ${oursCounts.dispatches}`,
  ]);
}

/** A measurement as a line. */
export function measurementLine({ name, value, unit }: Measurement): string {
  const number = Number.isInteger(value) ? String(value) : digits(value);
  return `${name.padEnd(44)}${number} ${unit}`.trimEnd();
}

/** A row as scripts read it: times in ms, everything for once. */
export interface Row {
  /** Its name. */
  readonly name: string;
  /** Stock tfjs. */
  readonly stock_ms: number;
  /** This library. */
  readonly ours_ms: number;
  /** `stock_ms / ours_ms`. */
  readonly ratio: number;
  /** Dispatches of this library. */
  readonly dispatches: number;
  /** Dispatches of stock tfjs. */
  readonly stock_dispatches: number;
  /** Objects made and uploads of this library. */
  readonly creations: number;
  /** Objects made and uploads of stock tfjs. */
  readonly stock_creations: number;
  /** GFLOP/s of this library; `null` where operations are not counted. */
  readonly gflops: number | null;
  /** Shortest and longest time of stock tfjs. */
  readonly stock_range_ms: readonly [number, number];
  /** Shortest and longest time of this library. */
  readonly ours_range_ms: readonly [number, number];
  /** Rounds that the medians are of. */
  readonly rounds: number;
}

/** A comparison for scripts. */
export function rowOf(comparison: Comparison): Row {
  const { name, stock, ours, rounds, gflops, stockCounts, oursCounts } = comparison;
  return {
    name,
    stock_ms: stock.median,
    ours_ms: ours.median,
    ratio: stock.median / ours.median,
    dispatches: oursCounts.dispatches,
    stock_dispatches: stockCounts.dispatches,
    creations: oursCounts.creations,
    stock_creations: stockCounts.creations,
    gflops: gflops ?? null,
    stock_range_ms: [stock.min, stock.max],
    ours_range_ms: [ours.min, ours.max],
    rounds,
  };
}

function tableLine(cells: readonly string[]): string {
  return COLUMNS.map(({ width }, i) =>
    i === 0 ? cells[i]!.padEnd(width) : cells[i]!.padStart(width)
  ).join(" ");
}

function range({ median, min, max }: Sample): string {
  return `${digits(median)} (${digits(min)}-${digits(max)})`;
}

/** Three significant digits, or all of the whole part. */
export function digits(value: number): string {
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
}
