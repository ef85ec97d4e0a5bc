import { join } from "../../lib/deps.ts";
import { failureText } from "../../lib/sweep/failures.ts";
import { locally } from "../../lib/sweep/local.ts";
import {
  outcomesOf,
  plannedAttempts,
  runSweep,
  type SweepRequest,
} from "../../lib/sweep/run_sweep.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { appears, fakeSweep } from "./fake.ts";

const never = new AbortController().signal;
const ignore = Deno.build.os === "windows";

/** How often each run was begun, by what its log says. */
async function begun(request: SweepRequest): Promise<number[]> {
  const outcomes = await outcomesOf(request);
  return await Promise.all(outcomes.map(async ({ folder }) => {
    const log = await Deno.readTextFile(join(folder, "log.txt"));
    return log.match(/^task=/gm)!.length;
  }));
}

async function standings(request: SweepRequest): Promise<string[]> {
  return (await outcomesOf(request)).map(({ state }) => `${state.standing} ${state.attempts}`);
}

Deno.test({
  name: "runSweep() runs all once, and nothing of what is done when it is called again",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const entry = { task: "fake", options: { x: [1, 2] }, seeds: [1, 2] };
    const said: string[] = [];
    const request = fakeSweep(folder.path, [entry, { task: "dull" }], { said });
    assert.equal((await plannedAttempts(request)).length, 5);
    await runSweep(request, never);
    await runSweep(request, never);
    assert.deepEqual(await begun(request), [1, 1, 1, 1, 1]);
    assert.deepEqual(await plannedAttempts(request), []);
    const outcomes = await outcomesOf(request);
    assert.deepEqual(outcomes.map(({ result }) => result?.test_accuracy), [0.1, 0.2, 0.1, 0.2, 0]);
    assert.match(said[0]!, /^0 of 5 runs are done, 5 to go$/m);
    assert.match(
      said[1]!,
      /^\w+.*: accuracy .* % in \d+(\.\d+)? s; 1 done, 4 left, about 0:\d\d to go$/m,
    );
    assert.match(said.at(-1)!, /; 5 done, 0 left$/m);

    // A finer grid has the runs of the coarser one.
    const finer = { ...entry, options: { x: [1, 1.5, 2] } };
    const more = fakeSweep(folder.path, [finer]);
    await runSweep(more, never);
    assert.deepEqual(await begun(more), [1, 1, 1, 1, 1, 1]);
  },
});

Deno.test({
  name: "runSweep() tries again what failed, as often as it is told",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const modes = ["ok", "fail-once", "fail", "usage", "killed", "crash-at-end"];
    const entry = { task: "fake", options: { mode: modes } };
    const request = fakeSweep(folder.path, [entry], { retries: 2 });
    await runSweep(request, never);
    // What is called wrongly fails the same way again; what was killed is taken up.
    assert.deepEqual(await standings(request), [
      "done 1",
      "done 2",
      "failed 3",
      "failed 1",
      "done 2",
      "done 1",
    ]);
    const outcomes = await outcomesOf(request);
    assert.equal(outcomes[4]!.result?.seconds, 9);
    assert.equal(
      failureText(outcomes[2]!, "a\nb"),
      `failed: fake mode=fail seed=1: exit status 1 after 3 attempts, see ${
        outcomes[2]!.folder
      }\n` +
        "  | a\n  | b",
    );
    assert.match(failureText(outcomes[3]!, ""), /: exit status 2 after 1 attempt, see [^\n]*$/);

    // Asked again, it has as many retries again.
    await runSweep(request, never);
    assert.deepEqual((await standings(request)).slice(1, 4), ["done 2", "failed 6", "failed 2"]);
  },
});

Deno.test({
  name: "runSweep() without retries tries each run once",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const request = fakeSweep(folder.path, [{ task: "fake", options: { mode: "fail-once" } }], {
      retries: 0,
    });
    await runSweep(request, never);
    assert.deepEqual(await standings(request), ["failed 1"]);
  },
});

Deno.test({
  name: "runSweep() stops its processes when it is stopped, and takes them up the next time",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const entries = [
      { task: "fake", options: { mode: "wait", x: 1, data: "d" } },
      { task: "dull", options: { mode: "wait" } },
      { task: "fake", options: { x: 2 } },
    ];
    const request = fakeSweep(folder.path, entries);
    const stop = new AbortController();
    const reason = new Error("stopped");
    const running = runSweep(request, stop.signal);
    const outcomes = await outcomesOf(request);
    for (const { folder } of outcomes.slice(0, 2)) await appears(join(folder, "log.txt"), "task=");
    await assert.rejects(runSweep(request, never), {
      name: "UsageError",
      message: /another process is at it, got .*s\. Wait for it, or end it first/,
    });
    stop.abort(reason);
    await assert.rejects(running, reason);
    assert.deepEqual(await standings(request), ["stopped 1", "stopped 1", "waiting 0"]);
    const [first, second, third] = await plannedAttempts(request);
    assert.deepEqual(first!.command.slice(3), [
      `--resume=${join(first!.folder, "fake/run1")}`,
      "--data=d",
      "--json",
    ]);
    // This task cannot be resumed.
    assert.deepEqual(second!.command.slice(3), [
      "--mode=wait",
      `--out=${second!.folder}`,
      "--json",
    ]);
    assert.deepEqual(third!.command.slice(3), [
      "--x=2",
      "--seed=1",
      `--out=${third!.folder}`,
      "--json",
    ]);
    const again = { ...request, sweep: { ...request.sweep, runs: [first!.run, third!.run] } };
    await runSweep(again, never);
    assert.deepEqual(await standings(again), ["done 2", "done 1"]);
  },
});

Deno.test({
  name: "runSweep() runs no more at a time than it may",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const entry = { task: "fake", options: { mode: "wait" }, seeds: [1, 2, 3] };
    const request = fakeSweep(folder.path, [entry], { execute: locally(2) });
    const stop = new AbortController();
    const running = runSweep(request, stop.signal);
    const outcomes = await outcomesOf(request);
    for (const { folder } of outcomes.slice(0, 2)) await appears(join(folder, "log.txt"), "task=");
    const now = (await outcomesOf(request)).map(({ state }) => state.standing);
    stop.abort(new Error("stopped"));
    await assert.rejects(running, /stopped/);
    assert.deepEqual(now, ["running", "running", "waiting"]);
  },
});

Deno.test({
  name: "runSweep() takes up what a sweep left that was killed outright",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const entry = { task: "fake", options: { mode: ["ok", "wait"] } };
    const request = fakeSweep(folder.path, [entry]);
    const script = new URL("sweep_process.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", script, folder.path, JSON.stringify(entry)],
      stdin: "null",
    }).spawn();
    const [, second] = await outcomesOf(request);
    await appears(join(folder.path, "s/state.json"), '"done"');
    await appears(join(second!.folder, "log.txt"), "task=");
    child.kill("SIGKILL");
    await child.status;
    assert.deepEqual(await standings(request), ["done 1", "running 1"]);
    await runSweep(request, never);
    assert.deepEqual(await begun(request), [1, 2]);
    assert.deepEqual(await standings(request), ["done 1", "done 2"]);
  },
});

Deno.test("runSweep() refuses a state that is none, and starts over where it is damaged", async () => {
  await using folder = await temporaryFolder();
  const request = fakeSweep(folder.path, [{ task: "fake" }]);
  await Deno.mkdir(join(folder.path, "s"));
  const path = join(folder.path, "s/state.json");
  await Deno.writeTextFile(path, "[]");
  await assert.rejects(runSweep(request, never), {
    name: "DataError",
    message: /is not a sweep's/,
  });
  await Deno.writeTextFile(path, '{"runs": [');
  assert.equal((await plannedAttempts(request)).length, 1);
});
