import type { Attempt } from "../../lib/sweep/attempt.ts";
import { commandLine, slurmScript } from "../../lib/sweep/slurm_script.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert, fc } from "../deps.ts";

function attempt(folder: string, command: readonly string[]): Attempt {
  const run = { id: folder, task: "fake", options: {}, seed: 1 };
  return { run, folder, log: `${folder}/log.txt`, command };
}

const BASE = { name: "lr", folder: "runs/sweep/lr", cwd: "/repo" };

Deno.test("slurmScript() asks for what it is told to, and for nothing else", () => {
  const attempts = [attempt("a", ["deno", "run"]), attempt("b", ["deno"])];
  const lines = (request: Parameters<typeof slurmScript>[0]["request"]) =>
    slurmScript({ ...BASE, attempts, request }).split("\n")
      .filter((line) => line.startsWith("#SBATCH "))
      .map((line) => line.replace("#SBATCH --", ""));
  assert.deepEqual(lines({ more: [] }), [
    "job-name=inkling-lr",
    "array=0-1",
    "output=/repo/runs/sweep/lr/slurm-%A.txt",
    "open-mode=append",
    "chdir=/repo",
  ]);
  const all = { partition: "gpu", time: "1:00:00", cpus: 2, mem: "8G", atOnce: 3 };
  const more = ["--gres=gpu:1", "exclude=a,b", "comment=two words"];
  assert.deepEqual(lines({ ...all, more }).slice(5), [
    "partition=gpu",
    "time=1:00:00",
    "cpus-per-task=2",
    "mem=8G",
    "gres=gpu:1",
    "exclude=a,b",
    'comment="two words"',
  ]);
  assert.equal(lines({ ...all, more })[1], "array=0-1%3");
});

Deno.test("slurmScript() refuses an option that would leave its line", () => {
  for (const time of ["1\nrm", 'a"b', "a\\"]) {
    assert.throws(() => slurmScript({ ...BASE, attempts: [], request: { time, more: [] } }), {
      name: "UsageError",
      message: /Cannot write the script for Slurm/,
    });
  }
});

Deno.test({
  name: "slurmScript() runs the command of its element and leaves output and exit status",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const odd = `${path}/it's $HOME`;
    const attempts = [
      attempt(`${path}/a`, ["sh", "-c", "echo out; echo err >&2"]),
      attempt(odd, ["sh", "-c", 'echo "$@"; exit 7', "sh", "two words", "'", '"$HOME"']),
    ];
    const script = `${path}/script.sh`;
    await Deno.writeTextFile(script, slurmScript({ ...BASE, attempts, request: { more: [] } }));
    const exits = [0, 1].map((i) =>
      new Deno.Command("sh", { args: [script], env: { SLURM_ARRAY_TASK_ID: String(i) } })
        .outputSync().code
    );
    assert.deepEqual(exits, [0, 7]);
    assert.equal(await Deno.readTextFile(`${path}/a/log.txt`), "out\nerr\n");
    assert.equal(await Deno.readTextFile(`${path}/a/exit`), "0\n");
    assert.equal(await Deno.readTextFile(`${odd}/log.txt`), `two words ' "$HOME"\n`);
    assert.equal(await Deno.readTextFile(`${odd}/exit`), "7\n");
  },
});

Deno.test({
  name: "commandLine() gives a shell the same words",
  ignore: Deno.build.os === "windows",
  fn: () => {
    const word = fc.string({ unit: fc.constantFrom(..."ab '\"$\\`!*?~#;&|<>(){}[]=\n\t-") });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const args = ["-c", `printf '%s\\0' ${commandLine(words)}`];
        const { stdout } = new Deno.Command("sh", { args }).outputSync();
        assert.equal(new TextDecoder().decode(stdout), words.map((w) => `${w}\0`).join(""));
      }),
      { numRuns: 30 },
    );
  },
});
