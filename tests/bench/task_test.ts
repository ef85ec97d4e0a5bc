import { assert } from "../deps.ts";
import { assertOneError, type Ended, lastJson, runScript } from "../tasks/process.ts";

function bench(...args: string[]): Promise<Ended> {
  return runScript("tasks/bench.ts", [], args);
}

Deno.test("bench --json ends with one object, and needs no permission", async () => {
  const { code, out, err } = await bench("--quick", "--json", "--filter", "matmul 512");
  assert.equal(code, 0, err);
  assert.equal(err, "");
  const { task, adapter, versions, machine, rows, failures } = lastJson(out);
  assert.equal(task, "bench");
  assert.ok(adapter.name.length > 0);
  assert.match(versions.tfjs, /^\d+\.\d+\.\d+$/);
  assert.equal(machine.load, null);
  assert.deepEqual(failures, []);
  assert.equal(rows.length, 1);
  const [{ name, stock_ms, ours_ms, ratio, dispatches, gflops }] = rows;
  assert.equal(name, "matmul 512x512x512");
  assert.ok(ours_ms > 0);
  assert.equal(ratio, stock_ms / ours_ms);
  assert.equal(dispatches, 1);
  assert.ok(Math.abs(gflops * ours_ms * 1e6 / (2 * 512 ** 3) - 1) < 1e-9);
  assert.match(out, /^matmul 512x512x512 .* 1 \/ 1$/m);
});

Deno.test("bench measures a replay of the length asked for", async () => {
  const { code, out, err } = await bench("--quick", "--json", "--filter", "long", "--long", "40");
  assert.equal(code, 0, err);
  const names = lastJson(out).measurements.map(({ name }: { name: string }) => name);
  assert.ok(names.includes("replay of 40 steps: memory at the end"), names.join());
});

Deno.test("bench refuses a filter that picks nothing", async () => {
  assertOneError(await bench("--filter", "transformer"), 2, /^error: Cannot run the bench: /);
});

Deno.test("bench --profile shows the commands of a step, and only of a step", async () => {
  const { code, out, err } = await bench("--profile", "--json", "--filter", "step mlp sgd");
  assert.equal(code, 0, err);
  assert.match(out, /^step mlp sgd\n +ms +share +times +command \[workgroups\]\n/m);
  const times = lastJson(out).profiles["step mlp sgd"];
  assert.ok(times.some(({ name }: { name: string }) => name.includes("softmax_cross_entropy")));
  assertOneError(await bench("--profile", "--filter", "matmul 512"), 2, /^error: Cannot profile: /);
});
