import { join } from "../../lib/deps.ts";
import { decodeSafetensors } from "../../lib/train/safetensors.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";

const ROOT = new URL("../../", import.meta.url);

/** The command of a training task that may reach nothing but the project and `folder`. */
function command(task: string, folder: string, args: string[]): Deno.Command {
  const defaults = args.includes("--resume")
    ? []
    : [`--data=${folder}/data`, `--out=${folder}/runs`];
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      `tasks/${task}.ts`,
      ...args,
      ...defaults.filter((option) => !args.some((arg) => arg.startsWith(option.split("=")[0]!))),
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/dev/null" },
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(task: string, folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await command(task, folder, args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Trains as {@link run}, and gives the line of `--json`. */
async function train(task: string, folder: string, ...args: string[]) {
  const { code, out, err } = await run(task, folder, "--json", "--quiet", ...args);
  assert.equal(code, 0, err);
  return JSON.parse(out.trimEnd().split("\n").at(-1)!);
}

async function read(runFolder: string, file: string): Promise<Uint8Array> {
  return await Deno.readFile(join(runFolder, file));
}

/** Waits until the run has finished `epochs` epochs, and gives its folder. */
async function epochsDone(folder: string, task: string, epochs: number): Promise<string> {
  const parent = join(folder, "runs", task);
  for (let i = 0; i < 3000; i++) {
    const entries = await Array.fromAsync(Deno.readDir(parent)).catch(() => []);
    const name = entries.at(0)?.name;
    const metrics = name &&
      await Deno.readTextFile(join(parent, name, "metrics.jsonl")).catch(() => "");
    if (name && metrics && metrics.split("\n").length > epochs) return join(parent, name);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the run made no progress");
}

Deno.test("cnn trains on the embedded digits and leaves a whole run folder", async () => {
  await using folder = await temporaryFolder();
  const small = ["--dataset", "digits", "--subset", "128", "--test-subset", "50", "--epochs", "2"];
  const result = await train("cnn", folder.path, ...small);
  const { task, model, dataset, parameters, epochs, steps, seed } = result;
  assert.deepEqual(
    { task, model, dataset, parameters, epochs, steps, seed },
    {
      task: "cnn",
      model: "cnn",
      dataset: "digits",
      parameters: 319106,
      epochs: 2,
      steps: 4,
      seed: 1,
    },
  );
  assert.ok(result.test_accuracy >= 0 && result.test_accuracy <= 1);
  assert.ok(Number.isFinite(result.train_loss) && result.seconds > 0 && result.adapter !== "");

  const names = await Array.fromAsync(Deno.readDir(result.run), (entry) => entry.name);
  assert.deepEqual(
    names.filter((name) => name !== "mistakes.png").sort(),
    [
      "accuracy.svg",
      "config.json",
      "confusion.svg",
      "examples.png",
      "loss.svg",
      "metrics.jsonl",
      "model.safetensors",
      "report.html",
      "report.txt",
      "result.json",
      "state.safetensors",
    ],
  );
  const { tensors } = decodeSafetensors(await read(result.run, "model.safetensors"));
  const shapes = [...tensors].map(([name, { shape }]) => `${name} ${shape.join("x")}`);
  assert.deepEqual(shapes, [
    "conv1.weight 32x1x5x5",
    "conv1.bias 32",
    "conv2.weight 64x32x5x5",
    "conv2.bias 64",
    "fc1.weight 1000x256",
    "fc1.bias 1000",
    "fc2.weight 10x1000",
    "fc2.bias 10",
  ]);
});

Deno.test("the same command gives the same bits, another seed gives others", async () => {
  await using folder = await temporaryFolder();
  const options = ["--dataset", "digits", "--subset", "200", "--epochs", "1"];
  const weights = async (seed: string) =>
    await read(
      (await train("cnn", folder.path, ...options, "--seed", seed)).run,
      "model.safetensors",
    );
  const first = await weights("7");
  assert.deepEqual(await weights("7"), first);
  assert.notDeepEqual(await weights("8"), first);
});

Deno.test("--eager computes the same bits as the recorded steps", async () => {
  await using folder = await temporaryFolder();
  const options = ["--dataset", "digits", "--epochs", "3", "--augment"];
  const recorded = await train("mlp", folder.path, ...options);
  const eager = await train("mlp", folder.path, ...options, "--eager");
  assert.deepEqual(
    await read(eager.run, "model.safetensors"),
    await read(recorded.run, "model.safetensors"),
  );
  assert.equal(eager.train_loss, recorded.train_loss);
});

Deno.test("a run killed within an epoch and resumed has the bits of one never stopped", async () => {
  await using folder = await temporaryFolder();
  const options = ["--dataset", "digits", "--epochs", "6", "--augment", "--val", "137"];
  const whole = await train("mlp", folder.path, ...options);
  const reference = await read(whole.run, "model.safetensors");
  const last = await read(whole.run, "last.safetensors");
  await Deno.remove(join(folder.path, "runs"), { recursive: true });

  const child = command("mlp", folder.path, ["--quiet", ...options]).spawn();
  const stopped = await epochsDone(folder.path, "mlp", 2);
  await new Promise((resolve) => setTimeout(resolve, 60));
  child.kill("SIGKILL");
  await child.output();
  const records = (await Deno.readTextFile(join(stopped, "metrics.jsonl"))).trim().split("\n");
  assert.ok(records.length < 6, "the run was killed before its end");

  const resumed = await train("mlp", folder.path, "--resume", stopped);
  assert.equal(resumed.run, stopped);
  assert.deepEqual(await read(stopped, "model.safetensors"), reference);
  assert.deepEqual(await read(stopped, "last.safetensors"), last);
  assert.equal(resumed.train_loss, whole.train_loss);
  assert.equal(resumed.val_accuracy, whole.val_accuracy);
});

Deno.test("an interrupted run says how to go on, and goes on", async () => {
  await using folder = await temporaryFolder();
  const options = ["--dataset", "digits", "--epochs", "5"];
  const reference = await read(
    (await train("mlp", folder.path, ...options)).run,
    "model.safetensors",
  );
  await Deno.remove(join(folder.path, "runs"), { recursive: true });

  const child = command("mlp", folder.path, options).spawn();
  const stopped = await epochsDone(folder.path, "mlp", 1);
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assert.equal(code, 130);
  assert.match(new TextDecoder().decode(stderr), /go on with: deno task mlp --resume /);

  await train("mlp", folder.path, "--resume", stopped);
  assert.deepEqual(await read(stopped, "model.safetensors"), reference);
});

Deno.test("--epochs with --resume trains a finished run further", async () => {
  await using folder = await temporaryFolder();
  const options = ["--dataset", "digits", "--subset", "200"];
  const long = await train("mlp", folder.path, ...options, "--epochs", "3");
  const short = await train("mlp", folder.path, ...options, "--epochs", "2");
  const resumed = await train("mlp", folder.path, "--resume", short.run, "--epochs", "3");
  assert.equal(resumed.epochs, 3);
  assert.deepEqual(
    await read(short.run, "model.safetensors"),
    await read(long.run, "model.safetensors"),
  );
});

Deno.test("a loss that is no number ends the run with one line and no model", async () => {
  await using folder = await temporaryFolder();
  const options = ["--dataset", "digits", "--subset", "200", "--optimizer", "sgd", "--lr", "1e30"];
  const { code, err } = await run("mlp", folder.path, ...options);
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot go on: the loss is no longer a finite number/m);
  const [entry] = await Array.fromAsync(Deno.readDir(join(folder.path, "runs", "mlp")));
  const names = await Array.fromAsync(
    Deno.readDir(join(folder.path, "runs", "mlp", entry!.name)),
    ({ name }) => name,
  );
  assert.deepEqual(names, ["config.json"]);
});

const REFUSED: [why: string, args: string[], code: number, message: RegExp][] = [
  ["an unknown option", ["--epoch", "3"], 2, /unknown option --epoch\b.*--epochs/],
  ["a negative count", ["--epochs", "-1"], 2, /--epochs.*-1/],
  ["a word for a number", ["--lr", "abc"], 2, /--lr.*abc/],
  ["an unknown data set", ["--dataset", "minst"], 2, /minst.*mnist/],
  ["a data set that cannot be had", ["--dataset", "mnist"], 1, /Cannot get mnist: .*by hand/],
  ["too large a subset", ["--dataset", "digits", "--subset", "9999"], 1, /1437.*9999/],
  ["a validation split of everything", ["--dataset", "digits", "--val", "1437"], 1, /1437/],
  ["a resumed run with another rate", ["--resume", "x", "--lr", "1"], 2, /--lr/],
];

Deno.test("bad input is refused with one line, the right status, and nothing written", async (t) => {
  for (const [why, args, expected, message] of REFUSED) {
    await t.step(why, async () => {
      await using folder = await temporaryFolder();
      const { code, out, err } = await run("mlp", folder.path, "--quiet", ...args);
      assert.equal(code, expected, err);
      assert.match(err, message);
      assert.match(err, /^error: [^\n]+\n$/);
      assert.equal(out, "");
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder.path)), []);
    });
  }
  await t.step("an option of another network", async () => {
    await using folder = await temporaryFolder();
    const args = ["--quiet", "--conv-shortcut", "--model", "resnet-18ish"];
    const { code, err } = await run("resnet", folder.path, ...args);
    assert.equal(code, 2);
    assert.match(err, /^error: Cannot train resnet-18ish: --conv-shortcut goes with [^\n]*\n$/);
  });
  await t.step("a folder that is no run", async () => {
    await using folder = await temporaryFolder();
    const { code, err } = await run("mlp", folder.path, "--quiet", "--resume", folder.path);
    assert.equal(code, 1);
    assert.match(err, /^error: Cannot resume: .* is not a run folder[^\n]*\n$/);
  });
  await t.step("a run of another task", async () => {
    await using folder = await temporaryFolder();
    const small = ["--dataset", "digits", "--subset", "64", "--epochs", "1"];
    const { run: made } = await train("mlp", folder.path, ...small);
    const { code, err } = await run("cnn", folder.path, "--quiet", "--resume", made);
    assert.equal(code, 2);
    assert.match(err, /^error: Cannot resume: .* is a run of mlp[^\n]*\n$/);
  });
  await t.step("a folder without permission", async () => {
    await using folder = await temporaryFolder();
    const args = ["--quiet", "--dataset", "digits", "--out=/nowhere"];
    const { code, err } = await run("mlp", folder.path, ...args);
    assert.notEqual(code, 0);
    assert.match(err, /^error: [^\n]*\/nowhere[^\n]*\n$/);
  });
});
