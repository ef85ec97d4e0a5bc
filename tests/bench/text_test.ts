import type { Comparison } from "../../lib/bench/contest.ts";
import { comparisonLine, headerLine, measurementLine, rowOf } from "../../lib/bench/text.ts";
import { assert } from "../deps.ts";

const comparison: Comparison = {
  name: "conv",
  stock: { median: 1216, min: 1201, max: 1300 },
  ours: { median: 60.8, min: 9.876, max: 70.04 },
  rounds: 5,
  stockCounts: { dispatches: 102, creations: 400 },
  oursCounts: { dispatches: 12, creations: 0 },
  gflops: 18.349,
};

Deno.test("comparisonLine() puts three digits under the titles", () => {
  const titles = headerLine();
  const line = comparisonLine(comparison);
  assert.equal(
    line,
    `${"conv".padEnd(36)}   1216 (1201-1300)   60.8 (9.88-70.0)  20.0x    18.3   102 / 12`,
  );
  assert.equal(line.length, titles.length);
  assert.match(titles, /stock ms \(min-max\) +ours ms \(min-max\) +ratio +GFLOP\/s +dispatches$/);
});

Deno.test("measurementLine() writes small and large numbers", () => {
  const value = (value: number, unit: string) =>
    measurementLine({ name: "x", value, unit }).replace(/^x +/, "");
  assert.equal(value(0, ""), "0");
  assert.equal(value(1.254, "us"), "1.25 us");
  assert.equal(value(0.01234, "ms"), "0.0123 ms");
  assert.equal(value(66_666.6, "GFLOP/s"), "66667 GFLOP/s");
});

Deno.test("rowOf() gives medians, their ratio and what each side asks of the device", () => {
  assert.deepEqual(rowOf(comparison), {
    name: "conv",
    stock_ms: 1216,
    ours_ms: 60.8,
    ratio: 20,
    dispatches: 12,
    stock_dispatches: 102,
    creations: 0,
    stock_creations: 400,
    gflops: 18.349,
    stock_range_ms: [1201, 1300],
    ours_range_ms: [9.876, 70.04],
    rounds: 5,
  });
  const { gflops: _, ...step } = comparison;
  assert.equal(rowOf(step).gflops, null);
});
