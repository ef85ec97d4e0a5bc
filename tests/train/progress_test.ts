import {
  bar,
  formatDuration,
  formatSpan,
  type Position,
  Progress,
} from "../../lib/train/progress.ts";
import { assert } from "../deps.ts";

type Kind = { readonly quiet?: boolean; readonly terminal?: boolean };

/** Runs `use` on a clock that `advance` moves, and returns what was written, piece by piece. */
function written(
  kind: Kind,
  use: (progress: Progress, advance: (seconds: number) => void) => void,
): string[] {
  const pieces: string[] = [];
  const { now } = performance;
  let time = 0;
  performance.now = () => time;
  try {
    const progress = new Progress({ ...kind, write: (text) => pieces.push(text) });
    use(progress, (seconds) => time += seconds * 1000);
  } finally {
    performance.now = now;
  }
  return pieces;
}

const at = (step: number): Position => ({ epoch: 1, epochs: 2, step, steps: 100, loss: 0.5 });

Deno.test("a terminal gets a bar that is drawn over and makes way for lines", () => {
  const pieces = written({ terminal: true }, (progress, advance) => {
    progress.update(at(10));
    advance(2);
    progress.update(at(50));
    progress.line("hello");
    progress.line("again");
    progress.update(at(60));
    progress.clear();
    progress.clear();
  });
  const erase = "\r\x1b[K";
  assert.deepEqual(pieces, [
    `${erase}${"█"}${"░".repeat(23)} epoch 1/2, step 10/100, loss 0.5000`,
    // 40 steps in 2 s, and 150 to go.
    `${erase}${"█".repeat(6)}${"░".repeat(18)} epoch 1/2, step 50/100, loss 0.5000, ` +
    "20.0 steps/s, 0:08 left",
    erase,
    "hello\n",
    "again\n",
    `${erase}${"█".repeat(7)}${"░".repeat(17)} epoch 1/2, step 60/100, loss 0.5000, ` +
    "25.0 steps/s, 0:06 left",
    erase,
  ]);
});

Deno.test("another run begins to count anew", () => {
  const pieces = written({ terminal: true }, (progress, advance) => {
    progress.update({ ...at(100), epoch: 2 });
    advance(60);
    progress.update(at(1));
    advance(1);
    progress.update(at(11));
  });
  assert.match(pieces[1]!, / step 1\/100, loss 0\.5000$/);
  assert.match(pieces[2]!, /, 10\.0 steps\/s, 0:19 left$/);
});

Deno.test("without a terminal there is a plain line at once, and then not more than two a minute", () => {
  const pieces = written({ terminal: false }, (progress, advance) => {
    progress.update(at(0));
    for (let step = 1; step <= 99; step++) {
      advance(1);
      progress.update(at(step));
    }
    progress.transient("a bar");
    progress.clear();
    progress.line("done");
  });
  assert.deepEqual(pieces, [
    "epoch 1/2, step 0/100, loss 0.5000\n",
    "epoch 1/2, step 30/100, loss 0.5000, 1.00 steps/s, 2:50 left\n",
    "epoch 1/2, step 60/100, loss 0.5000, 1.00 steps/s, 2:20 left\n",
    "epoch 1/2, step 90/100, loss 0.5000, 1.00 steps/s, 1:50 left\n",
    "done\n",
  ]);
});

Deno.test("--quiet lets only warnings through", () => {
  for (const terminal of [true, false]) {
    const pieces = written({ quiet: true, terminal }, (progress, advance) => {
      progress.line("hello");
      progress.update(at(1));
      advance(60);
      progress.update(at(2));
      progress.transient("a bar");
      progress.warn("careful");
      progress.clear();
    });
    assert.deepEqual(pieces, ["careful\n"]);
  }
});

Deno.test("formatDuration() says minutes and hours", () => {
  const cases: [number, string][] = [
    [0, "0:00"],
    [-3, "0:00"],
    [5.4, "0:05"],
    [59.6, "1:00"],
    [65, "1:05"],
    [3599.4, "59:59"],
    [3600, "1:00:00"],
    [7384, "2:03:04"],
    [360_000, "100:00:00"],
  ];
  for (const [seconds, text] of cases) assert.equal(formatDuration(seconds), text);
});

Deno.test("bar() is filled by its share and always as wide", () => {
  assert.equal(bar(1, 4, 8), "██░░░░░░");
  assert.equal(bar(0, 4, 3), "░░░");
  assert.equal(bar(9, 4, 3), "███");
  assert.equal(bar(0, 0, 3), "░░░");
});

Deno.test("formatSpan() says a time with its units", () => {
  const cases: [number, string][] = [
    [0, "0 s"],
    [-1e-9, "0 s"],
    [0.2345, "0.23 s"],
    [5.44, "5.4 s"],
    [59.4, "59 s"],
    [59.6, "1 min 00 s"],
    [222.4, "3 min 42 s"],
    [3599.6, "1 h 00 min"],
    [7530, "2 h 05 min"],
    [360_000, "100 h 00 min"],
  ];
  for (const [seconds, text] of cases) assert.equal(formatSpan(seconds), text);
});
