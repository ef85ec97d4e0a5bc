/** The tasks that train generators and draw with them, as their users run them. */

import { join } from "../../lib/deps.ts";
import { readPng } from "../../lib/data/read_png.ts";
import { assert } from "../deps.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assertOneError, type Ended, lastJson, runTaskProcess } from "./process.ts";

/** A whole batch and a smaller one. */
const SMALL = ["--dataset", "digits", "--subset", "48", "--batch-size", "32", "--seed", "3"];
/** One batch: a network with many shapes takes long to compile for each size of a batch. */
const SMALLEST = ["--dataset", "digits", "--subset", "16", "--batch-size", "16", "--seed", "3"];

/** Runs a task that may write to `folder` alone. */
function run(task: string, folder: string, ...args: string[]): Promise<Ended> {
  const flags = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  return runTaskProcess(task, flags, args);
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

/** Trains and gives the line of `--json`. */
async function train(task: string, folder: string, ...args: string[]) {
  const small = task === "dit" || task === "gan" ? SMALL : SMALLEST;
  const out = args.includes("--resume") ? [] : [...small, "--out", join(folder, "runs")];
  const ended = await run(task, folder, ...out, "--json", "--quiet", ...args);
  assert.equal(ended.code, 0, ended.err);
  return lastJson(ended.out);
}

Deno.test("dit trains, goes on where it was, and draws the same pictures again", async () => {
  await using folder = await temporaryFolder();
  const few = ["--rows", "1", "--steps", "3", "--ema", "0.9"];
  const whole = await train("dit", folder.path, ...few, "--epochs", "2");
  assert.deepEqual(await names(whole.run), [
    "config.json",
    "forward.png",
    "last.safetensors",
    "loss.svg",
    "metrics.jsonl",
    "model.safetensors",
    "report.html",
    "result.json",
    "samples",
    "state.safetensors",
  ]);
  const pictures = await names(join(whole.run, "samples"));
  assert.deepEqual(pictures, [
    "epoch-0001-s1.png",
    "epoch-0001-s2.png",
    "epoch-0002-s1.gif",
    "epoch-0002-s1.png",
    "epoch-0002-s2.gif",
    "epoch-0002-s2.png",
  ]);

  // Half of it, and then the other half: the rate falls along a cosine over all epochs, so that only
  // a constant one gives the same.
  const constant = [...few, "--schedule", "constant", "--no-show-forward"];
  const straight = await train("dit", folder.path, ...constant, "--epochs", "2");
  const half = await train("dit", folder.path, ...constant, "--epochs", "1");
  const rest = await train("dit", folder.path, "--resume", half.run, "--epochs", "2");
  assert.equal(rest.train_loss, straight.train_loss);
  for (const file of ["last.safetensors", join("samples", "epoch-0002-s2.png")]) {
    const [a, b] = [straight.run, rest.run].map((path) => Deno.readFile(join(path, file)));
    assert.deepEqual(await a, await b, file);
  }

  const out = join(folder.path, "drawn");
  const sample = await run(
    "dit_sample",
    folder.path,
    ...["--checkpoint", whole.run, "--labels", "7,2-3", "--n", "5", "--batch-size", "2"],
    ...["--steps", "4", "--gif", "--singles", "--out", out, "--json", "--quiet"],
  );
  assert.equal(sample.code, 0, sample.err);
  const { labels, guidance, evaluations, files } = lastJson(sample.out);
  assert.deepEqual({ labels, guidance, evaluations }, {
    labels: [7, 2, 3, 7, 2],
    guidance: 2,
    evaluations: 4,
  });
  assert.deepEqual(files.toSorted(), (await names(out)).map((name) => join(out, name)));
  assert.deepEqual(await names(out), [
    "0000-7.png",
    "0001-2.png",
    "0002-3.png",
    "0003-7.png",
    "0004-2.png",
    "samples.gif",
    "samples.png",
  ]);
  const { width, height } = await readPng(join(out, "0004-2.png"));
  assert.deepEqual([width, height], [8, 8]);

  assertOneError(
    await run("dit_sample", folder.path, "--checkpoint", whole.run, "--labels", "0,10"),
    2,
    /--labels takes numbers from 0 to 9 and ranges such as 0-9, got 10/,
  );
  assertOneError(
    await run("dit_sample", folder.path, "--checkpoint", whole.run, "--steps", "1001"),
    2,
    /the network knows 1000 timesteps, got --steps 1001/,
  );
  assertOneError(
    await run("ddpm_sample", folder.path, "--checkpoint", whole.run),
    1,
    /ddpm:sample takes ddpm, got dit-light/,
  );
  const file = join(folder.path, "file");
  await Deno.writeTextFile(file, "");
  assertOneError(
    await run("dit_sample", folder.path, "--checkpoint", whole.run, "--out", file),
    1,
    /Cannot write pictures to .*file/,
  );
});

Deno.test("dit:sample draws with the network that ships, the same images each time", async () => {
  await using folder = await temporaryFolder();
  const out = ["first", "second"].map((name) => join(folder.path, name));
  for (const path of out) {
    const ended = await run(
      "dit_sample",
      folder.path,
      "--labels",
      "3,1,4",
      "--out",
      path,
      "--json",
    );
    assert.equal(ended.code, 0, ended.err);
    const { dataset, labels, guidance, judged } = lastJson(ended.out);
    assert.deepEqual({ dataset, labels, guidance, judged }, {
      dataset: "mnist",
      labels: [3, 1, 4],
      guidance: 2,
      judged: null,
    });
  }
  const [first, second] = out.map((path) => Deno.readFile(join(path, "samples.png")));
  assert.deepEqual(await first, await second);
});

Deno.test("ddpm trains on padded digits; what it never learnt is refused", async () => {
  await using folder = await temporaryFolder();
  const few = ["--rows", "1", "--steps", "2", "--epochs", "1", "--gif-every", "0"];
  const { run: trained } = await train("ddpm", folder.path, ...few);
  const picture = ["--checkpoint", trained, "--n", "2", "--out", join(folder.path, "drawn")];
  const ended = await run("ddpm_sample", folder.path, ...picture, "--steps", "2", "--singles");
  assert.equal(ended.code, 0, ended.err);
  assert.match(ended.out, /2 images in .*samples\.png/);
  const { width } = await readPng(join(folder.path, "drawn", "0001.png"));
  assert.equal(width, 12);
  assertOneError(
    await run("ddpm_sample", folder.path, ...picture, "--guidance", "2"),
    2,
    /takes no --guidance: its network knows no classes/,
  );
});

Deno.test("cddpm trains and draws with guidance; a rectified flow too", async () => {
  await using folder = await temporaryFolder();
  const few = ["--rows", "1", "--epochs", "1"];
  const flow = ["--noise", "rectified-flow", "--steps", "2", "--guidance", "1.5"];
  const { run: trained } = await train("cddpm", folder.path, ...few, ...flow);
  assert.ok((await names(join(trained, "samples"))).includes("epoch-0001-s1.5.gif"));
});

Deno.test("the GAN trains two networks, goes on where it was, and draws", async () => {
  await using folder = await temporaryFolder();
  const straight = await train("gan", folder.path, "--rows", "1", "--epochs", "2");
  const half = await train("gan", folder.path, "--rows", "1", "--epochs", "1");
  const rest = await train("gan", folder.path, "--resume", half.run, "--epochs", "2");
  assert.equal(rest.train_loss, straight.train_loss);
  const [a, b] = [straight.run, rest.run].map((path) =>
    Deno.readFile(join(path, "model.safetensors"))
  );
  assert.deepEqual(await a, await b);
  const lines = (await Deno.readTextFile(join(rest.run, "metrics.jsonl"))).trimEnd().split("\n");
  const record = JSON.parse(lines[1]!);
  assert.ok(record.generator_loss > 0 && record.train_loss > 0);
  const out = join(folder.path, "drawn");
  const ended = await run("gan_sample", folder.path, "--checkpoint", rest.run, "--out", out);
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(await names(out), ["samples.png"]);
});

Deno.test("options that do not go together end before anything is made", async () => {
  await using folder = await temporaryFolder();
  const out = ["--dataset", "digits", "--out", join(folder.path, "runs")];
  const refusals: [string, string[], RegExp][] = [
    ["dit", ["--steps", "2000"], /knows 1000 timesteps, got --steps 2000/],
    ["dit", ["--preset", "dit-tiny", "--guidance", "2"], /got --guidance 2 and no --drop-labels/],
    ["dit", ["--preset", "dit-tiny", "--drop-labels", "0.1"], /got --drop-labels 0.1/],
    ["dit", ["--zero-snr", "--prediction", "epsilon"], /Take --prediction v/],
    ["ddpm", ["--noise", "rectified-flow", "--min-snr", "5"], /got --min-snr 5/],
    ["gan", ["--guidance", "2"], /unknown option --guidance/i],
  ];
  for (const [task, args, message] of refusals) {
    assertOneError(await run(task, folder.path, ...out, ...args), 2, message);
  }
  assert.deepEqual(await names(folder.path), []);
  assertOneError(
    await run("ddpm_sample", folder.path),
    2,
    /no network is named. Train one with: deno task ddpm/,
  );
});
