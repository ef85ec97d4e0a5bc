/** The bench against PyTorch, as its users run it. */

import { join } from "../../lib/deps.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { assertOneError, type Ended, lastJson, mayRun, runScript } from "../tasks/process.ts";

function bench(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return runScript("tasks/bench_torch.ts", [mayRun("python3")], args, env);
}

function hasTorch(): boolean {
  try {
    const command = new Deno.Command("python3", { args: ["-c", "import numpy, torch"] });
    return command.outputSync().success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "bench:torch times epochs whose losses agree with PyTorch's",
  ignore: !hasTorch(),
  async fn() {
    // Two whole batches, and a smaller one at the end of the epoch.
    const few = ["--quick", "--json", "--filter", "epoch lenet5 b64", "--images", "140"];
    const { code, out, err } = await bench(few);
    assert.equal(code, 0, err);
    const { rows, failures, torch } = lastJson(out);
    assert.match(torch, /^\d+\.\d+/);
    assert.deepEqual(failures, []);
    const [{ name, ours_ms, torch: { eager, shipped }, missing }] = rows;
    assert.equal(name, "epoch lenet5 b64");
    assert.ok(ours_ms > 0);
    for (const { ms, ratio } of [eager, shipped]) assert.equal(ratio, ms / ours_ms);
    for (const reason of Object.values(missing)) assert.ok(out.includes(reason as string), out);
  },
});

Deno.test({
  name: "bench:torch times steps and operations, beside the ceiling",
  ignore: !hasTorch(),
  async fn() {
    for (const filter of ["dit-light", "filter gradient"]) {
      const { code, out, err } = await bench(["--quick", "--json", "--filter", filter]);
      assert.equal(code, 0, err);
      const { rows: [{ ours_ms, torch, gflops }], ceiling_gflops } = lastJson(out);
      assert.ok(ours_ms > 0 && torch.eager.ms > 0);
      assert.equal(gflops === null, filter === "dit-light");
      assert.equal(ceiling_gflops === null, filter === "dit-light");
      assert.equal(/of the ceiling of/.test(out), filter !== "dit-light");
    }
  },
});

Deno.test("bench:torch says what it lacks, and which rows there are", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const needs = /^error: Cannot compare with PyTorch: python3 must have torch and numpy, got /;
  assertOneError(await bench([], { PATH: path }), 1, needs);

  const python = join(path, "python3");
  await Deno.writeTextFile(python, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
  assertOneError(await bench([], { PATH: path }), 1, /got an end of the process/);
  await Deno.writeTextFile(python, `#!/bin/sh\necho '{"error": "No module named torch"}'\n`);
  assertOneError(await bench([], { PATH: path }), 1, /got No module named torch/);

  // One that ends in the middle: what was measured is told all the same.
  const info = '{"torch": "1", "device": "x"}';
  const answers = [info, '{"losses": null}', '{"seconds": 1}'].map((line) => `echo '${line}'`);
  await Deno.writeTextFile(python, `#!/bin/sh\nread sources\n${answers.join("\n")}\nexit 9\n`);
  const dying = await bench(["--filter", "1024", "--quick", "--json"], { PATH: path });
  assertOneError(dying, 1, /PyTorch must keep running, got the end of its process with status 9/);
  const { rows, failures } = lastJson(dying.out);
  assert.deepEqual([rows.length, failures.length], [0, 1]);

  assertOneError(await bench(["--filter", "nothing"]), 2, /The rows are epoch mlp b64, /);
});
