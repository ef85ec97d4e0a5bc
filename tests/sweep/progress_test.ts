import type { RunResult } from "../../lib/sweep/attempt.ts";
import { expandGrid } from "../../lib/sweep/grid.ts";
import { SweepProgress } from "../../lib/sweep/progress.ts";
import type { RunState } from "../../lib/sweep/state.ts";
import { Progress } from "../../lib/train/progress.ts";
import { assert } from "../deps.ts";

const axes = { epochs: [5], lr: [0.1, 0.2] };
const runs = expandGrid([{ task: "mlp", axes, seeds: [1, 2] }]);
const result: RunResult = {
  run: "r",
  model: "mlp",
  dataset: "digits",
  seconds: 65,
  train_loss: 0.25,
  test_accuracy: 0.5,
};

const { test_accuracy: _, ...loss } = result;

function state(standing: RunState["standing"], exit: number | null): RunState {
  return { standing, exit, attempts: 1 };
}

Deno.test("SweepProgress counts what is done, failed and left, and estimates the rest", () => {
  let said = "";
  let now = 0;
  const progress = new Progress({ terminal: false, write: (text) => said += text });
  const told = new SweepProgress(progress, runs, () => now);
  told.round(3, 1, false);
  now = 10_000;
  told.ended(runs[1]!, state("done", 0), result);
  now = 20_000;
  told.ended(runs[2]!, state("failed", 1), undefined);
  told.ended(runs[3]!, state("stopped", 130), undefined);
  told.round(1, 2, true);
  told.ended(runs[2]!, state("done", 0), loss);
  assert.deepEqual(said.trimEnd().split("\n"), [
    "1 of 4 runs are done, 3 to go",
    "mlp lr=0.1 seed=2: accuracy 50.00 % in 1 min 05 s; 2 done, 2 left, about 0:20 to go",
    "mlp lr=0.2 seed=1: failed (exit status 1); 2 done, 1 failed, 1 left, about 0:10 to go",
    "mlp lr=0.2 seed=2: stopped; 2 done, 1 failed, 1 left, about 0:07 to go",
    "trying again what failed: 1 of 4 runs",
    "mlp lr=0.2 seed=1: loss 0.2500 in 1 min 05 s; 3 done, 1 failed, 0 left",
  ]);
});

Deno.test("SweepProgress draws a bar on a terminal, and removes it at the end", () => {
  let said = "";
  const progress = new Progress({ terminal: true, write: (text) => said += text });
  const told = new SweepProgress(progress, runs.slice(0, 1), () => 0);
  told.round(1, 0, false);
  assert.match(said, /░ 0 done, 1 left$/);
  told.ended(runs[0]!, state("done", 0), result);
  assert.match(said, /mlp seed=1: accuracy 50\.00 % in 1 min 05 s\n$/);
});
