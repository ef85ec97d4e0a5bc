import { join } from "../../lib/deps.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { assertOneError, lastJson, mayRun, runTaskProcess } from "./process.ts";

const SMALL = { dataset: "digits", subset: 32, "test-subset": 20, epochs: 1 };

function flags(folder: string): string[] {
  return [
    `--allow-read=${folder}`,
    `--allow-write=${folder}`,
    mayRun(Deno.execPath()),
    "--allow-env=XDG_RUNTIME_DIR",
  ];
}

/** Writes the file of a sweep, and gives what runs it. */
async function prepare(folder: string, content: unknown) {
  const file = join(folder, "sweep.json");
  await Deno.writeTextFile(file, JSON.stringify(content));
  const args = [file, `--runs=${folder}/runs`];
  return {
    args,
    sweep: (...more: string[]) => runTaskProcess("sweep", flags(folder), [...args, ...more]),
  };
}

Deno.test("sweep runs real tasks, collects them, and does not run them twice", async () => {
  await using folder = await temporaryFolder();
  const { sweep } = await prepare(folder.path, {
    name: "tiny",
    runs: [
      { task: "mlp", options: { ...SMALL, lr: [0.001, 0.01] } },
      { task: "mlp", options: { ...SMALL, "relu-logits": true } },
    ],
  });
  const dry = await sweep("--dry-run");
  assert.equal(dry.code, 0, dry.err);
  assert.equal(dry.out.trim().split("\n").length, 3);
  assert.match(dry.out, /--allow-write=\S+ tasks\/mlp\.ts --dataset=digits --subset=32 .*--seed=1/);
  assert.match(dry.err, /3 of 3 runs are left/);

  // The third run is refused by the task: that switch goes with another network.
  const first = await sweep("--json", "--jobs", "2");
  assert.equal(first.code, 1, first.err);
  assert.match(first.err, /failed: mlp .*relu-logits=true seed=1: exit status 2 after 1 attempt/);
  assert.match(first.err, /^ {2}\| error: Cannot train mlp: --relu-logits goes with/m);
  const { done, configurations, failures } = lastJson(first.out);
  assert.equal(done, 2);
  assert.equal(failures.length, 1);
  assert.equal(configurations.length, 3);
  assert.ok(configurations[0].accuracies[0] > 0);

  const again = await sweep();
  assert.equal(again.code, 1, again.err);
  assert.match(again.err, /2 of 3 runs are done, 1 to go/);
  assert.match(again.out, /see .*report\.html/);
  const files = Array.from(Deno.readDirSync(`${folder.path}/runs/sweep/tiny`), ({ name }) => name);
  for (const name of ["report.html", "table.md", "table.json", "runs.csv", "state.json"]) {
    assert.ok(files.includes(name), name);
  }
});

Deno.test({
  name: "sweep stops on Ctrl-C, and takes its runs up when it is called again",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    const options = { ...SMALL, epochs: 100_000 };
    const { args, sweep } = await prepare(folder.path, {
      name: "long",
      runs: [{ task: "mlp", options }],
    });
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...flags(folder.path), "tasks/sweep.ts", ...args],
      cwd: new URL("../../", import.meta.url),
      env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/dev/null" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const ended = child.output();
    await trains(`${folder.path}/runs/sweep/long`);
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    const err = new TextDecoder().decode(stderr);
    assert.equal(code, 130, err);
    assert.match(err, /stopped; the same command goes on with the sweep/);
    const dry = await sweep("--dry-run");
    assert.match(dry.out, /tasks\/mlp\.ts --resume=\S+\/long\/mlp-s1-\w+\/mlp\/\S+ --json$/m);
  },
});

/** Waits until a run below `folder` has finished an epoch. */
async function trains(folder: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    for (const id of names(folder)) {
      for (const run of names(`${folder}/${id}/mlp`)) {
        if (names(`${folder}/${id}/mlp/${run}`).includes("metrics.jsonl")) return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("no run has begun");
}

function names(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

Deno.test("sweep refuses what it does not know before anything runs", async () => {
  await using folder = await temporaryFolder();
  const { sweep } = await prepare(folder.path, {
    name: "s",
    runs: [{ task: "mlp", options: { epoch: 1 } }],
  });
  assertOneError(await sweep(), 2, /unknown option of mlp, got "epoch"\. Did you mean epochs\?/);
  const fine = await prepare(folder.path, { name: "s", runs: [{ task: "svm" }] });
  assertOneError(
    await fine.sweep("--time", "1:00"),
    2,
    /here with --time: it goes with --on slurm/,
  );
  assertOneError(await fine.sweep("--no-wait"), 2, /here with --wait: it goes with --on slurm/);
  const { path } = folder;
  const onSlurm = [...fine.args, "--on", "slurm"];
  assertOneError(
    await runTaskProcess("sweep", flags(path), onSlurm, { PATH: path }),
    1,
    /Cannot use Slurm: sbatch is not on the PATH/,
  );
  const missing = await runTaskProcess("sweep", flags(path), [`${path}/none.json`]);
  assertOneError(missing, 1, /Cannot read the file of the sweep: No such file .*none\.json/);
  assert.equal(names(`${path}/runs`).filter((name) => name !== "sweep").length, 0);
});

Deno.test("sweep shows the script for Slurm without Slurm", async () => {
  await using folder = await temporaryFolder();
  const { sweep } = await prepare(folder.path, {
    name: "s",
    runs: [{ task: "svm", options: { C: [1, 10] } }],
  });
  const more = ["--partition=gpu", "--slurm-option=--gres=gpu:1 exclude=a,b", "--jobs=1"];
  const { code, out, err } = await sweep("--dry-run", "--on=slurm", ...more);
  assert.equal(code, 0, err);
  assert.match(out, /^#SBATCH --array=0-1%1$/m);
  assert.match(out, /^#SBATCH --gres=gpu:1\n#SBATCH --exclude=a,b$/m);
  assert.ok(out.includes(`set -- ${Deno.execPath()} run `), out);
});

Deno.test("the example of a sweep is a sweep", async () => {
  await using folder = await temporaryFolder();
  const { code, out, err } = await runTaskProcess(
    "sweep",
    [...flags(folder.path), "--allow-read=docs"],
    ["docs/sweep.jsonc", `--runs=${folder.path}/runs`, "--dry-run"],
  );
  assert.equal(code, 0, err);
  assert.equal(out.trim().split("\n").length, 8);
});
