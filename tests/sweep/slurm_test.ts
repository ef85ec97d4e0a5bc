import { join } from "../../lib/deps.ts";
import { outcomesOf, runSweep, type SweepRequest } from "../../lib/sweep/run_sweep.ts";
import { withSlurm } from "../../lib/sweep/slurm.ts";
import { Progress } from "../../lib/train/progress.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { fakeSweep } from "./fake.ts";
import { hasSlurm, startSlurm } from "./one_node_slurm.ts";

const never = new AbortController().signal;

/** The same sweep with Slurm. */
function onSlurm(request: SweepRequest, wait: boolean): SweepRequest {
  const { sweep: { name }, parent, progress } = request;
  const folder = join(parent, name);
  const options = { name, folder, request: { more: ["job-name=fake"] }, progress };
  return {
    ...request,
    execute: withSlurm({ ...options, wait, interval: 200 }),
    onSlurm: true,
    wait,
  };
}

Deno.test({
  name: "a sweep runs as job arrays of a real Slurm, and what fails as another one",
  ignore: !hasSlurm(),
  fn: async () => {
    await using folder = await temporaryFolder();
    await using _slurm = await startSlurm();
    const said: string[] = [];
    const progress = new Progress({ terminal: false, write: (text) => said.push(text) });
    const entries = [
      { task: "fake", options: { mode: ["ok", "fail-once"] }, seeds: [1, 2] },
      { task: "fake", options: { mode: ["killed", "usage"] } },
    ];
    const plain = { ...fakeSweep(folder.path, entries), progress };

    // Handed over and left alone; then waited for by another command.
    await runSweep(onSlurm(plain, false), never);
    const jobs = (await outcomesOf(plain)).flatMap(({ state }) => state.job ?? []);
    assert.equal(new Set(jobs).size, jobs.length === 0 ? 0 : 1);
    assert.match(said.join(""), /job \d+ of Slurm: 6 runs/);
    await assert.rejects(runSweep(plain, never), /Slurm has runs of it, got job \d+\. Add --on/);
    await runSweep(onSlurm(plain, true), never);

    const outcomes = await outcomesOf(plain);
    assert.deepEqual(outcomes.map(({ state }) => `${state.standing} ${state.attempts}`), [
      "done 1",
      "done 1",
      "done 2",
      "done 2",
      "done 2",
      "failed 1",
    ]);
    assert.equal(outcomes[5]!.state.exit, 2);
    // It was killed, and taken up where it was.
    assert.equal(outcomes[4]!.result?.seconds, 9);
    assert.match(said.join(""), /job \d+ of Slurm: 3 runs/);
    const log = await Deno.readTextFile(join(outcomes[2]!.folder, "log.txt"));
    assert.equal(log.match(/^task=fake/gm)!.length, 2);
    assert.match(log, /^it went wrong$/m);
  },
});

Deno.test({
  name: "a sweep says what sbatch says when it refuses the script",
  ignore: !hasSlurm(),
  fn: async () => {
    await using folder = await temporaryFolder();
    await using _slurm = await startSlurm();
    const request = fakeSweep(folder.path, [{ task: "fake" }]);
    const execute = withSlurm({
      name: "s",
      folder: join(folder.path, "s"),
      request: { partition: "none", more: [] },
      wait: true,
      progress: request.progress,
    });
    await assert.rejects(runSweep({ ...request, execute, onSlurm: true }, never), {
      name: "InklingError",
      message: /Cannot hand the runs to Slurm: .*[Ii]nvalid partition/,
    });
  },
});
