import {
  gpuDone,
  summary,
  timeInTurns,
  timePair,
  type Timer,
  type Work,
} from "../../lib/bench/stopwatch.ts";
import { openDevice } from "../../lib/device.ts";
import { assert } from "../deps.ts";

Deno.test("summary() takes the middle of an odd number and the mean of two of an even one", () => {
  assert.deepEqual(summary([3]), { median: 3, min: 3, max: 3 });
  assert.equal(summary([10, 9, 100]).median, 10);
  assert.equal(summary([5]).median, 5);
  assert.deepEqual(summary([9, 1, 4]), { median: 4, min: 1, max: 9 });
  assert.deepEqual(summary([10, 1, 4, 2]), { median: 3, min: 1, max: 10 });
});

/** A work that takes `each` milliseconds and says when it was done. */
function sleeper(name: string, each: number, calls: [name: string, times: number][]): Work {
  return async (times) => {
    calls.push([name, times]);
    await new Promise((resolve) => setTimeout(resolve, each * times));
    await gpuDone();
  };
}

Deno.test("timePair() takes turns, the same number of times in each round", async () => {
  await openDevice();
  const calls: [string, number][] = [];
  const pair = { stock: sleeper("stock", 50, calls), ours: sleeper("ours", 10, calls) };
  const effort = { minRounds: 4, maxRounds: 4, budget: 0, part: 50 };
  const { stock, ours, rounds } = await timePair(pair, effort);
  assert.equal(rounds, 4);
  const timed = calls.slice(-8);
  assert.deepEqual(timed.map(([name]) => name), Array(4).fill(["stock", "ours"]).flat());
  const repetitions = new Set(timed.map(([name, times]) => `${name} ${times}`));
  assert.equal(repetitions.size, 2);
  // A sleep can last longer than asked for, never shorter; the floor of the wait is taken off once.
  assert.ok(stock.min > 40, `${stock.min} ms`);
  assert.ok(ours.min > 5, `${ours.min} ms`);
  assert.ok(stock.min <= stock.median && stock.median <= stock.max);
});

Deno.test("timePair() goes on for its budget, up to its most rounds", async () => {
  await openDevice();
  const pair = { stock: sleeper("", 1, []), ours: sleeper("", 1, []) };
  const effort = { minRounds: 1, maxRounds: 3, part: 1 };
  assert.equal((await timePair(pair, { ...effort, budget: 0 })).rounds, 1);
  assert.equal((await timePair(pair, { ...effort, budget: 60_000 })).rounds, 3);
});

Deno.test("timeInTurns() gives each a part in every round, and its samples by place", async () => {
  const calls: string[] = [];
  const timer = (name: string, ms: number): Timer => (times) => {
    calls.push(`${name} ${times}`);
    return Promise.resolve(ms * times);
  };
  const effort = { minRounds: 3, maxRounds: 3, budget: 0, part: 60 };
  const { samples, rounds } = await timeInTurns(
    [timer("a", 20), timer("b", 1), timer("c", 90)],
    effort,
  );
  assert.equal(rounds, 3);
  assert.deepEqual(calls.slice(-9), Array(3).fill(["a 3", "b 60", "c 1"]).flat());
  assert.deepEqual(samples.map(({ median }) => median), [20, 1, 90]);
});
