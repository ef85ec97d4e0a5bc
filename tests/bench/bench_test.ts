import { type Failure, pick, runBench } from "../../lib/bench/bench.ts";
import { type Comparison, type Contest } from "../../lib/bench/contest.ts";
import { requireAgreement } from "../../lib/bench/step_contest.ts";
import { gpuDone } from "../../lib/bench/stopwatch.ts";
import { openDevice } from "../../lib/device.ts";
import { DeviceError, RecordingError, UsageError } from "../../lib/errors.ts";
import { assert } from "../deps.ts";

const EFFORT = { minRounds: 1, maxRounds: 1, budget: 0, part: 1 };

Deno.test("pick() finds rows by a part of their name", () => {
  const names = ({ contests, probes }: ReturnType<typeof pick>) =>
    [...contests, ...probes].map(({ name }) => name);
  assert.deepEqual(names(pick("STEP mlp")), ["step mlp sgd", "step mlp adam"]);
  assert.deepEqual(names(pick("ceiling")), ["fma ceiling"]);
  const all = names(pick());
  assert.equal(new Set(all).size, all.length);
  assert.throws(() => pick("transformer"), (error: unknown) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /^Cannot run the bench: .*, got "transformer"\. The rows are matmul/,
    );
    return true;
  });
});

Deno.test("runBench() reports a row that fails and runs the others", async () => {
  const device = await openDevice();
  const contest = (name: string, prepare: () => void): Contest => ({
    name,
    prepare() {
      prepare();
      return Promise.resolve({ stock: gpuDone, ours: gpuDone, dispose: () => {} });
    },
  });
  const contests = [
    contest("first", () => {}),
    contest("second", () => {
      throw new RecordingError("Cannot record the step: because");
    }),
    contest("third", () => {}),
  ];
  const done: string[] = [];
  const failures: Failure[] = [];
  await runBench({ contests, probes: [] }, {
    device,
    effort: EFFORT,
    longSteps: 1,
    onComparison: ({ name }: Comparison) => done.push(name),
    onMeasurement: () => assert.fail("there is no probe"),
    onFailure: (failure) => failures.push(failure),
  });
  assert.deepEqual(done, ["first", "third"]);
  assert.deepEqual(failures, [{ name: "second", message: "Cannot record the step: because" }]);
});

Deno.test("runBench() does not hide a defect", async () => {
  const device = await openDevice();
  const contests = [{ name: "wrong", prepare: () => Promise.reject(new TypeError("oops")) }];
  const ignore = () => {};
  const run = runBench({ contests, probes: [] }, {
    device,
    effort: EFFORT,
    longSteps: 1,
    onComparison: ignore,
    onMeasurement: ignore,
    onFailure: ignore,
  });
  await assert.rejects(run, TypeError);
});

Deno.test("requireAgreement() refuses losses that lie apart or are no numbers", () => {
  requireAgreement([2.3, 2.2], Float32Array.of(2.3004, 2.1996));
  for (const ours of [[2.3, 2.21], [2.3, NaN]]) {
    assert.throws(
      () => requireAgreement([2.3, 2.2], Float32Array.from(ours)),
      (error: unknown) => error instanceof DeviceError && /losses of step 2/.test(error.message),
    );
  }
});

for (const optimizer of ["sgd", "adam"]) {
  Deno.test(`runBench() finds no creations in an MLP step with ${optimizer}`, async () => {
    const device = await openDevice();
    const rows: Comparison[] = [];
    await runBench(pick(`step mlp ${optimizer}`), {
      device,
      effort: EFFORT,
      longSteps: 1,
      onComparison: (row) => rows.push(row),
      onMeasurement: () => {},
      onFailure: ({ message }) => assert.fail(message),
    });
    const [row] = rows;
    assert.equal(row?.oursCounts.creations, 0);
    assert.ok(row.stockCounts.creations > 50);
    assert.ok(row.oursCounts.dispatches < row.stockCounts.dispatches);
  });
}
