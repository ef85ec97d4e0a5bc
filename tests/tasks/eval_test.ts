import { readPng } from "../../lib/data/read_png.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";
import fixture from "../fixtures/eval.json" with { type: "json" };
import { temporaryFolder } from "../data/mirror.ts";
import {
  assertOneError,
  type Ended,
  lastJson,
  mlpWeights,
  runTaskProcess,
  saveMlp,
  saveTinyMnist,
} from "./process.ts";

function run(folder: string, ...args: string[]): Promise<Ended> {
  return runTaskProcess("eval", [`--allow-read=${folder}`, `--allow-write=${folder}`], args);
}

async function saveHashMlp(path: string): Promise<void> {
  const state = await mlpWeights(8, (values) => {
    for (const [name, tensor] of Object.entries(fixture.parameters)) {
      values(name).set(hashTensor(tensor));
    }
  });
  await saveMlp(path, state, 8);
}

/** A network that says 3 whatever it sees. */
async function saveStubborn(path: string, side: 8 | 28): Promise<void> {
  await saveMlp(path, await mlpWeights(side, (values) => values("fc3.bias")[3] = 9), side);
}

Deno.test("eval counts as PyTorch does, and says it all in the last line with --json", async () => {
  await using folder = await temporaryFolder();
  await saveHashMlp(`${folder.path}/model.safetensors`);
  const { code, out, err } = await run(folder.path, folder.path, "--json");
  assert.equal(code, 0, err);
  const result = lastJson(out);
  assert.deepEqual(result.confusion_matrix, fixture.matrix);
  assert.equal(result.test_accuracy, fixture.accuracy);
  assert.equal(result.test_images, 360);
  assert.equal(result.model, "mlp");
  assert.equal(result.dataset, "digits");
  assert.equal(result.checkpoint, `${folder.path}/model.safetensors`);
  assert.ok(result.seconds > 0 && result.images_per_second > 0 && result.adapter !== "");
  // Of 37 threes 31 were found, among 303 images taken for one.
  const three = result.report.classes[3];
  assert.ok(Math.abs(three.recall - 31 / 37) < 1e-12);
  assert.ok(Math.abs(three.precision - 31 / 303) < 1e-12);
  assert.equal(out.split("\n").length, 2);
  assert.match(err, /macro avg/);
});

Deno.test("eval prints scikit-learn's report, the confusion matrix and the accuracy", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/stubborn.safetensors`;
  await saveStubborn(path, 8);
  const { code, out, err } = await run(folder.path, "--checkpoint", path, "--quiet");
  assert.equal(code, 0, err);
  assert.equal(err, "");
  // The last 360 digits have 37 threes.
  assert.match(out, /^ {11}3 {7}0\.10 {6}1\.00 {6}0\.19 {8}37$/m);
  assert.match(out, /^ +3 +(\. +){3}37( +\.){6}$/m);
  assert.match(out, /^10\.28 % right \(37 of 360\), [\d. ]+ images\/s$/m);
});

Deno.test("eval tests on as many images as it is told", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/stubborn.safetensors`;
  await saveStubborn(path, 8);
  const { out } = await run(folder.path, path, "--test-subset", "20", "--json", "--quiet");
  assert.equal(lastJson(out).test_images, 20);
  assertOneError(await run(folder.path, path, "--test-subset", "361"), 1, /361/);
});

Deno.test("eval draws the mistakes", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/stubborn.safetensors`;
  await saveStubborn(path, 8);
  const out = `${folder.path}/mistakes.png`;
  assert.equal((await run(folder.path, path, "--out", out)).code, 0);
  const { width, height } = await readPng(out);
  // Forty images of 80x80 in rows of eight.
  assert.ok(width > 8 * 80 && height > 5 * 80, `${width}x${height}`);
});

Deno.test("eval leaves nothing behind when the picture's folder is not there", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/stubborn.safetensors`;
  await saveStubborn(path, 8);
  const ended = await run(folder.path, path, "--out", `${folder.path}/absent/mistakes.png`);
  assertOneError(ended, 1, /^error: Cannot write .*got no folder .*absent\. Make it first\.$/);
  const names = Array.from(Deno.readDirSync(folder.path), ({ name }) => name);
  assert.deepEqual(names, ["stubborn.safetensors"]);
});

Deno.test("eval refuses a data set of another size and says both sizes", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/stubborn.safetensors`;
  await saveStubborn(path, 8);
  await saveTinyMnist(folder.path);
  const ended = await run(folder.path, path, "--dataset", "mnist", "--data", folder.path);
  assertOneError(ended, 1, /Cannot test .* on mnist: .* 8x8x1 .*got 28x28x1 .*--dataset/);
});

Deno.test("eval finds the data in the folder that the run recorded", async () => {
  await using folder = await temporaryFolder();
  await saveStubborn(`${folder.path}/model.safetensors`, 28);
  await saveTinyMnist(`${folder.path}/elsewhere`);
  const config = { recipe: {}, shape: {}, dataset: { dir: `${folder.path}/elsewhere` } };
  await Deno.writeTextFile(`${folder.path}/config.json`, JSON.stringify(config));
  const { code, out, err } = await run(folder.path, folder.path, "--json");
  assert.equal(code, 0, err);
  assert.equal(lastJson(out).test_accuracy, 0.1);
  // What the user says counts more.
  const elsewhere = await run(folder.path, folder.path, "--data", `${folder.path}/empty`);
  assertOneError(elsewhere, 1, /Cannot get mnist: its files are not in .*empty/);
});

Deno.test("eval wants exactly one checkpoint", async () => {
  await using folder = await temporaryFolder();
  assertOneError(await run(folder.path), 2, /got none\. Name one/);
  const both = await run(folder.path, "a", "--checkpoint", "b");
  assertOneError(both, 2, /got a and b\. Name one/);
});

Deno.test("eval refuses what is no checkpoint in one line", async () => {
  await using folder = await temporaryFolder();
  const whole = `${folder.path}/whole.safetensors`;
  const cut = `${folder.path}/cut.safetensors`;
  await saveStubborn(whole, 8);
  await Deno.writeFile(cut, (await Deno.readFile(whole)).subarray(0, 5000));
  assertOneError(await run(folder.path, cut), 1, /cut\.safetensors/);
  assertOneError(await run(folder.path, `${folder.path}/none`), 1, /there is no file .*none/);
  assertOneError(await run(folder.path, folder.path), 1, /there is no file .*model\.safetensors/);
});
