import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { assertOneError, lastJson, runTaskProcess } from "./process.ts";

function compare(folder: string, ...args: string[]) {
  return runTaskProcess(
    "compare",
    [`--allow-read=${folder},lib`, `--allow-write=${folder}`],
    [`--data=${folder}/data`, `--runs=${folder}/runs`, ...args],
  );
}

Deno.test("compare trains what is missing, takes what is there, and writes page and table", async () => {
  await using folder = await temporaryFolder();
  const options = ["--epochs", "1", "--subset", "128", "--test-subset", "60", "--json"];
  const small = ["--models", "svm,mlp", "--seeds", "2", ...options];
  const first = await compare(folder.path, ...small);
  assert.equal(first.code, 0, first.err);
  const { models } = lastJson(first.out);
  const seeds = Object.fromEntries(
    models.map((m: { name: string; seeds: number[] }) => [m.name, m.seeds]),
  );
  // The machine is the same whatever the seed, and is trained once.
  assert.deepEqual(seeds, { svm: [0], mlp: [1, 2] });
  const page = `${folder.path}/runs/compare/digits`;
  const files = Array.from(Deno.readDirSync(page), ({ name }) => name).sort();
  assert.deepEqual(files, ["report.html", "table.json", "table.md"]);

  const again = await compare(folder.path, ...small);
  assert.equal(again.code, 0, again.err);
  assert.equal(again.err.match(/taken from/g)?.length, 3);
  const accuracies = (out: string) =>
    lastJson(out).models.map((m: { accuracies: number[] }) => m.accuracies);
  assert.deepEqual(accuracies(again.out), accuracies(first.out));
  const html = await Deno.readTextFile(`${page}/report.html`);
  assert.match(html, /<dd>default, networks for 1 epoch<\/dd>/);
  assert.match(html, /<dd>the first 128<\/dd>/);
  assert.match(html, /<dd>the first 60<\/dd>/);
});

Deno.test("compare tells the variants of a network apart, and takes up what was stopped", async () => {
  await using folder = await temporaryFolder();
  const variants = ["mlp", "mlp-512", "resnet", "resnet-conv-shortcut"];
  const options = ["--epochs", "1", "--subset", "64", "--test-subset", "20", "--json", "--quick"];
  const small = ["--models", variants.join(","), ...options];
  const first = await compare(folder.path, ...small);
  assert.equal(first.code, 0, first.err);
  const { models } = lastJson(first.out);
  const runs = Object.fromEntries(
    models.map((m: { name: string; runs: string[] }) => [m.name, m.runs[0]]),
  );
  assert.deepEqual(Object.keys(runs).sort(), variants);
  const table = await Deno.readTextFile(`${folder.path}/runs/compare/digits/table.md`);
  for (const name of variants) assert.match(table, RegExp(`^\\| ${name} `, "m"));

  // Without its result a run counts as stopped.
  const stopped = variants.slice(1, 4);
  for (const name of stopped) await Deno.remove(`${runs[name]}/result.json`);
  const again = await compare(folder.path, ...small);
  assert.equal(again.code, 0, again.err);
  assert.ok(again.err.includes(`taken from ${runs.mlp}`), again.err);
  for (const name of stopped) assert.ok(again.err.includes(`resuming ${runs[name]}`), again.err);
});

Deno.test("compare refuses what it does not know", async () => {
  await using folder = await temporaryFolder();
  assertOneError(await compare(folder.path, "--models", "svm,cnnn"), 2, /must be one of svm, rf/);
  assertOneError(await compare(folder.path, "--dataset", "cifar"), 2, /--dataset must be one of/);
  assertOneError(await compare(folder.path, "--models="), 2, /--models needs one of svm, rf/);
  assertOneError(await compare(folder.path, "--seeds", "0"), 2, /--seeds must be a whole number/);
  assertOneError(await compare(folder.path, "--subset", "0"), 2, /--subset must be a whole number/);
  const file = `${folder.path}/file`;
  await Deno.writeTextFile(file, "");
  const taken = ["--quiet", "--models", "svm", "--out", file];
  assertOneError(await compare(folder.path, ...taken), 1, /Cannot write the page to .*file: /);
  const one = ["--quiet", "--subset", "1", "--models", "rf"];
  assertOneError(await compare(folder.path, ...one), 1, /two classes or more, got class 0 only/);
});

Deno.test("compare --quick trains a seed of each model, once, unless told otherwise", async () => {
  await using folder = await temporaryFolder();
  const small = ["--quick", "--models", "rf,rf", "--subset", "100", "--json"];
  const seedsOf = async (...more: string[]) => {
    const { code, out, err } = await compare(folder.path, ...small, ...more);
    assert.equal(code, 0, err);
    return lastJson(out).models[0].seeds;
  };
  assert.deepEqual(await seedsOf(), [1]);
  assert.deepEqual(await seedsOf("--seeds", "2"), [1, 2]);
});
