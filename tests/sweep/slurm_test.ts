import { join } from "../../lib/deps.ts";
import { outcomesOf, runSweep, type SweepRequest } from "../../lib/sweep/run_sweep.ts";
import { withSlurm } from "../../lib/sweep/slurm.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { lastJson, mayRun, runTaskProcess } from "../tasks/process.ts";
import { appears, fakeSweep } from "./fake.ts";
import { hasSlurm, startSlurm } from "./one_node_slurm.ts";

const never = new AbortController().signal;

/** The same sweep with Slurm. */
function onSlurm(plain: SweepRequest, wait = true, partition?: string): SweepRequest {
  const { sweep: { name }, parent, progress } = plain;
  const options = { name, folder: join(parent, name), request: { partition, more: [] }, progress };
  const execute = withSlurm({ ...options, wait, interval: 200 });
  return { ...plain, execute, onSlurm: true, wait };
}

async function standings(request: SweepRequest): Promise<string[]> {
  return (await outcomesOf(request)).map(({ state }) => `${state.standing} ${state.attempts}`);
}

Deno.test({
  name: "a sweep on a real Slurm",
  ignore: !hasSlurm(),
  fn: async (t) => {
    await using _slurm = await startSlurm();

    await t.step("runs as a job array, and what fails as another one", async () => {
      await using folder = await temporaryFolder();
      const said: string[] = [];
      const entries = [
        { task: "fake", options: { mode: ["ok", "fail-once"] }, seeds: [1, 2] },
        { task: "fake", options: { mode: ["killed", "usage"] } },
      ];
      const plain = fakeSweep(folder.path, entries, { said });
      // Handed over and left alone; then waited for by another command.
      await runSweep(onSlurm(plain, false), never);
      assert.match(said.join(""), /job \d+ of Slurm: 6 runs/);
      await assert.rejects(runSweep(plain, never), /Slurm has runs of it, got job \d+\. Add --on/);
      await runSweep(onSlurm(plain), never);

      // What was killed is taken up, what is called wrongly is left.
      const expected = ["done 1", "done 1", "done 2", "done 2", "done 2", "failed 1"];
      assert.deepEqual(await standings(plain), expected);
      assert.match(said.join(""), /job \d+ of Slurm: 3 runs/);
      const outcomes = await outcomesOf(plain);
      assert.equal(outcomes[4]!.result?.seconds, 9);
      assert.equal(outcomes[5]!.state.exit, 2);
      const log = await Deno.readTextFile(join(outcomes[2]!.folder, "log.txt"));
      assert.equal(log.match(/^task=fake/gm)!.length, 2);
      assert.match(log, /^it went wrong$/m);
    });

    await t.step(
      "leaves its jobs when it is stopped, and sees one that was cancelled",
      async () => {
        await using folder = await temporaryFolder();
        const plain = fakeSweep(folder.path, [{ task: "fake", options: { mode: "wait" } }]);
        const stop = new AbortController();
        const reason = new Error("stopped");
        const stopped = assert.rejects(runSweep(onSlurm(plain), stop.signal), reason);
        const log = join((await outcomesOf(plain))[0]!.folder, "log.txt");
        await appears(log, "task=");
        stop.abort(reason);
        await stopped;
        const job = (await outcomesOf(plain))[0]!.state.job!;
        assert.deepEqual(await standings(plain), ["running 1"]);

        const again = runSweep(onSlurm(plain), never);
        assert.ok(new Deno.Command("scancel", { args: [job] }).outputSync().success);
        await again;
        assert.deepEqual(await standings(plain), ["done 2"]);
        assert.match(await Deno.readTextFile(log), /--resume=/);
      },
    );

    await t.step("says what sbatch says when it refuses the script", async () => {
      await using folder = await temporaryFolder();
      const plain = fakeSweep(folder.path, [{ task: "fake" }]);
      await assert.rejects(runSweep(onSlurm(plain, true, "none"), never), {
        name: "InklingError",
        message: /Cannot hand the runs to Slurm: .*[Ii]nvalid partition/,
      });
      assert.deepEqual(await standings(plain), ["waiting 0"]);
    });

    await t.step("runs a real task with the permissions of the command", async () => {
      await using folder = await temporaryFolder();
      const { path } = folder;
      const file = join(path, "sweep.json");
      const options = { dataset: "digits", subset: 32, "test-subset": 20, epochs: 1 };
      await Deno.writeTextFile(
        file,
        JSON.stringify({ name: "s", runs: [{ task: "mlp", options }] }),
      );
      const flags = [
        `--allow-read=${path}`,
        `--allow-write=${path}`,
        mayRun(Deno.execPath(), "sbatch", "squeue"),
      ];
      const args = [file, `--runs=${path}/runs`, "--on=slurm", "--json"];
      const { code, out, err } = await runTaskProcess("sweep", flags, args);
      assert.equal(code, 0, err);
      assert.equal(lastJson(out).done, 1);
    });
  },
});
