import type { RunResult } from "../../lib/sweep/attempt.ts";
import { expandGrid, type GridEntry } from "../../lib/sweep/grid.ts";
import { sweepFiles } from "../../lib/sweep/page.ts";
import { configurationsOf } from "../../lib/sweep/results.ts";
import type { RunOutcome } from "../../lib/sweep/run_sweep.ts";
import { assert } from "../deps.ts";

/** What became of the runs of a grid; those that `figures` gives nothing for failed. */
function outcomes(
  entries: GridEntry[],
  figures: (options: Record<string, unknown>, seed: number) => Partial<RunResult> | undefined,
): RunOutcome[] {
  return expandGrid(entries).map((run) => {
    const found = figures(run.options, run.seed!);
    const base = { run: `runs/${run.id}`, model: run.task, dataset: "digits", seconds: 10 };
    return {
      run,
      folder: run.id,
      state: { standing: found ? "done" : "failed", attempts: found ? 1 : 2, exit: found ? 0 : 1 },
      result: found && { ...base, parameters: 1234, epochs: 5, ...found },
    };
  });
}

const GRID = { task: "mlp", axes: { epochs: [5], lr: [0.1, 0.01], ema: [0.9] }, seeds: [1, 2, 3] };
const classifiers = outcomes([GRID], ({ lr }, seed) => {
  if (lr === 0.01) return { test_accuracy: 0.9 + seed / 100, train_loss: 0.25 };
  return seed === 3 ? undefined : { test_accuracy: 0.5, train_loss: 1 };
});

Deno.test("configurationsOf() gathers the seeds, best first, and names what varies", () => {
  const [best, other] = configurationsOf(classifiers);
  assert.equal(best!.name, "mlp lr=0.01");
  assert.deepEqual(best!.seeds, [1, 2, 3]);
  assert.deepEqual(best!.accuracies, [0.91, 0.92, 0.93]);
  assert.equal(best!.size, "1 234 parameters");
  assert.deepEqual(other!.seeds, [1, 2]);
  assert.equal(other!.missing, 1);
});

Deno.test("sweepFiles() writes a page, tables and a line for each run", () => {
  const failed = classifiers.find(({ result }) => !result)!;
  const logs = new Map([[failed.run.id, "error: <it> went wrong"]]);
  const files = sweepFiles({ name: "lr", outcomes: classifiers, logs, date: "2026-01-01" });
  const [heading, , first, second] = files["table.md"]!.split("\n");
  assert.match(heading!, /^\| Configuration +\| Test accuracy +\| Training loss +\| Runs +\| Size/);
  assert.match(
    first!,
    /^\| mlp lr=0\.01 +\| 92\.00 % ± 1\.00 \| 0\.2500 ± 0\.0 +\| 3 +\| 1 234 par/,
  );
  assert.match(second!, /^\| mlp lr=0\.1 +\| 50\.00 % ± 0\.00 \| 1\.000 ± 0\.0 +\| 2 of 3 \|/);

  const page = files["report.html"]!;
  assert.match(page, /<dt>ema<\/dt><dd>0\.9<\/dd>/);
  assert.match(page, /<h2>Failures<\/h2>/);
  assert.match(page, /error: &lt;it&gt; went wrong/);
  assert.equal(page.match(/<svg/g)!.length, 2);

  const json = JSON.parse(files["table.json"]!);
  assert.equal(json.done, 5);
  assert.deepEqual(json.configurations[0].seeds, [1, 2, 3]);
  assert.ok(Math.abs(json.configurations[0].test_accuracy.sd - 0.01) < 1e-12);
  assert.equal(json.configurations[0].train_seconds, 10);
  assert.equal(json.failures[0].log, "error: <it> went wrong");
  assert.equal(json.failures[0].attempts, 2);

  const lines = files["runs.csv"]!.split("\n");
  assert.equal(
    lines[0],
    "task,epochs,lr,ema,seed,standing,test_accuracy,train_loss,seconds,parameters,epochs_done,run",
  );
  assert.equal(lines.length, 1 + 6 + 1);
  assert.match(lines[3]!, /^mlp,5,0\.1,0\.9,3,failed,,,,,,$/);
});

Deno.test("sweepFiles() shows the loss of what has no accuracy", () => {
  const grid = { task: "gan", axes: { lr: [0.1, 0.2] }, seeds: [1] };
  const files = sweepFiles({
    name: "g",
    outcomes: outcomes([grid], ({ lr }) => ({ train_loss: Number(lr) })),
    logs: new Map(),
    date: "2026-01-01",
  });
  assert.match(files["table.md"]!, /^\| Configuration \| Training loss \| Runs/);
  assert.match(files["table.md"]!, /\| gan lr=0\.1 +\| 0\.1000 +\| 1 +\|/);
  assert.match(files["report.html"]!, /Training loss of the last epoch/);
  assert.doesNotMatch(files["report.html"]!, /Failures|Test accuracy/);
});

Deno.test("sweepFiles() says by task what its configurations have in common", () => {
  const entries = [
    { task: "mlp", axes: { lr: [0.1, 0.2], epochs: [5], data: ["d"] }, seeds: [1] },
    { task: "svm", axes: { C: [1] }, seeds: [] },
    { task: "rf", axes: {}, seeds: [] },
  ];
  const files = sweepFiles({
    name: "g",
    outcomes: outcomes(entries, () => ({ test_accuracy: 0.5 })),
    logs: new Map(),
    date: "2026-01-01",
  });
  const facts = files["report.html"]!.match(/<dt>.*?<\/dd>/g)!.slice(0, 3);
  assert.deepEqual(facts, [
    "<dt>mlp</dt><dd>epochs=5, data=d</dd>",
    "<dt>svm</dt><dd>C=1</dd>",
    "<dt>Adapter</dt><dd>–</dd>",
  ]);
});

Deno.test("sweepFiles() can show a sweep of which nothing is done, and cells with commas", () => {
  const grid = { task: "dit", axes: { guidance: [[1, 2]], data: ['a"b'] }, seeds: [1] };
  const files = sweepFiles({
    name: "n",
    outcomes: outcomes([grid], () => undefined),
    logs: new Map(),
    date: "2026-01-01",
  });
  assert.match(files["table.md"]!, /\| dit +\| 0 of 1 \| – +\| – +\| – +\|/);
  assert.match(files["runs.csv"]!, /^dit,"1,2","a""b",1,failed,/m);
  assert.match(files["report.html"]!, /0 of 1 runs/);
});
