import type { TorchComparison } from "../../lib/bench/torch/contest.ts";
import {
  ceilingLine,
  missingLines,
  torchHeader,
  torchLine,
  torchRow,
} from "../../lib/bench/torch/text.ts";
import { assert } from "../deps.ts";

const comparison: TorchComparison = {
  name: "matmul",
  ours: { median: 2, min: 1.9, max: 2.2 },
  torch: {
    eager: { median: 5, min: 4.5, max: 5.5 },
    shipped: { median: 1, min: 1, max: 1 },
  },
  missing: { compile: "no compiler", graphs: "graphs are for CUDA" },
  rounds: 5,
  flops: 4e9,
};

Deno.test("torchLine() puts PyTorch's times and how many of ours they are under the titles", () => {
  const line = torchLine(comparison);
  assert.equal(
    line,
    `${
      "matmul".padEnd(38)
    }            2.00      5.00 2.50x               -               -     1.00 0.500x`,
  );
  for (const header of torchHeader()) assert.equal(header.length, line.length);
});

Deno.test("ceilingLine() gives the shares of what the adapter can do", () => {
  assert.equal(
    ceilingLine(comparison, 10_000),
    "  of the ceiling of 10000 GFLOP/s: ours 20.0 %, PyTorch 8.00 %",
  );
  assert.equal(ceilingLine({ ...comparison, flops: undefined }, 10_000), undefined);
});

Deno.test("missingLines() names each reason once", () => {
  assert.deepEqual(missingLines([comparison, { ...comparison, name: "conv" }]), [
    "no compile: no compiler (matmul, conv)",
    "no graphs: graphs are for CUDA (matmul, conv)",
  ]);
});

Deno.test("torchRow() gives times, ratios and what is missing", () => {
  assert.deepEqual(torchRow(comparison), {
    name: "matmul",
    ours_ms: 2,
    ours_range_ms: [1.9, 2.2],
    torch: {
      eager: { ms: 5, range_ms: [4.5, 5.5], ratio: 2.5 },
      shipped: { ms: 1, range_ms: [1, 1], ratio: 0.5 },
    },
    missing: { compile: "no compiler", graphs: "graphs are for CUDA" },
    gflops: 2000,
    rounds: 5,
  });
});
