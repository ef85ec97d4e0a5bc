import { RandomForest } from "../../lib/classical/forest/forest.ts";
import { SVC } from "../../lib/classical/svm/svm.ts";
import { digits } from "../../lib/data/digits.ts";
import { prepareImage } from "../../lib/data/own_image.ts";
import { readPng } from "../../lib/data/read_png.ts";
import { PNG } from "../../lib/deps.ts";
import { encodeInfo } from "../../lib/train/model_info.ts";
import { drawDigit, type Drawing } from "../data/drawn_digit.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import {
  assertOneError,
  type Ended,
  lastJson,
  mlpWeights,
  runTaskProcess,
  saveMlp,
  trainedWeights,
} from "./process.ts";

const BLACK = [0, 0, 0, 255] as const;
const WHITE = [255, 255, 255, 255] as const;

/** Runs the task in sight of one folder, on its `model.safetensors` and the named files in it. */
function run(folder: string, files: readonly string[], ...args: string[]): Promise<Ended> {
  const flags = [`--allow-read=${folder}`, `--allow-write=${folder}`];
  const paths = files.map((name) => `${folder}/${name}`);
  return runTaskProcess("predict", flags, ["--checkpoint", folder, ...args, ...paths]);
}

async function saveDrawing(path: string, drawing: Drawing): Promise<void> {
  const png = new PNG({ width: drawing.side, height: drawing.side });
  png.data.set(drawDigit(drawing));
  await Deno.writeFile(path, PNG.sync.write(png));
}

/** A network that gives the classes these odds whatever it sees. */
async function saveBiased(folder: string, odds: readonly number[], side: 8 | 28): Promise<void> {
  const state = await mlpWeights(side, (values) => values("fc3.bias").set(odds.map(Math.log)));
  await saveMlp(`${folder}/model.safetensors`, state, side);
}

const ODDS = [1, 1, 30, 1, 1, 1, 2, 61, 1, 1];

Deno.test("predict prints an aligned line for each picture", async () => {
  await using folder = await temporaryFolder();
  await saveBiased(folder.path, ODDS, 8);
  await saveDrawing(`${folder.path}/a.png`, { side: 30, pen: BLACK, paper: WHITE });
  await saveDrawing(`${folder.path}/longer.png`, { side: 50, pen: WHITE, paper: BLACK });
  const { code, out, err } = await run(folder.path, ["a.png", "longer.png"]);
  assert.equal(code, 0, err);
  assert.equal(
    out,
    `${folder.path}/a.png       7   61.0 %  then 2   30.0 %\n` +
      `${folder.path}/longer.png  7   61.0 %  then 2   30.0 %\n`,
  );
});

Deno.test("predict shows the network ink from -1 to 1", async () => {
  await using folder = await temporaryFolder();
  // The first logit is a tenth of all ink, if paper is -1 and full ink 1; the others are 0.
  const state = await mlpWeights(8, (values) => {
    values("fc1.weight").fill(0.05, 0, 64);
    values("fc1.bias")[0] = 0.05 * 64;
    values("fc2.weight")[0] = 1;
    values("fc3.weight")[0] = 1;
  });
  await saveMlp(`${folder.path}/model.safetensors`, state, 8);
  const drawing: Drawing = { side: 90, pen: [200, 30, 30, 255], paper: [230, 240, 250, 255] };
  await saveDrawing(`${folder.path}/red.png`, drawing);
  const prepared = prepareImage(drawDigit(drawing), 90, 90, { size: 8, maxValue: 16 });
  const odds = Math.exp(prepared.reduce((a, b) => a + b) / 10);

  const { out } = await run(folder.path, ["red.png"], "--json");
  const [prediction] = lastJson(out).predictions;
  assert.equal(prediction.class, "0");
  assert.ok(Math.abs(prediction.probability - odds / (odds + 9)) < 1e-5);
  assert.ok(Math.abs(prediction.runner_up_probability - 1 / (odds + 9)) < 1e-5);
});

Deno.test("predict reads a seven in any size and colours", async () => {
  await using folder = await temporaryFolder();
  await saveMlp(`${folder.path}/model.safetensors`, await trainedWeights(), 8);
  const drawings: Record<string, Drawing> = {
    "small.png": { side: 24, pen: BLACK, paper: WHITE },
    "large.png": { side: 400, pen: WHITE, paper: BLACK },
    "colours.png": { side: 61, pen: [250, 240, 20, 255], paper: [20, 20, 90, 255] },
    "clear.png": { side: 100, pen: BLACK, paper: [0, 0, 0, 0] },
    "corner.png": { side: 120, pen: BLACK, paper: WHITE, at: [0.05, 0.05], height: 0.3 },
  };
  for (const [name, drawing] of Object.entries(drawings)) {
    await saveDrawing(`${folder.path}/${name}`, drawing);
  }
  const { out } = await run(folder.path, Object.keys(drawings), "--json");
  const result = lastJson(out);
  assert.deepEqual(result.failures, []);
  for (const { file, class: name, probability } of result.predictions) {
    assert.equal(name, "7", `${file}: ${probability}`);
  }
  assert.equal(result.predictions.length, 5);
});

Deno.test("predict goes on after bad files, names each, and fails in the end", async () => {
  await using folder = await temporaryFolder();
  await saveBiased(folder.path, ODDS, 8);
  await saveDrawing(`${folder.path}/good.png`, { side: 60, pen: BLACK, paper: WHITE });
  await saveDrawing(`${folder.path}/blank.png`, { side: 9, pen: WHITE, paper: WHITE });
  const bytes = await Deno.readFile(`${folder.path}/good.png`);
  await Deno.writeFile(`${folder.path}/cut.png`, bytes.subarray(0, bytes.length / 2));
  await Deno.writeFile(`${folder.path}/empty.png`, new Uint8Array());
  await Deno.writeTextFile(`${folder.path}/text.png`, "not a picture");
  const bad = ["blank.png", "cut.png", "empty.png", "text.png", "absent.png"];

  const { code, out, err } = await run(folder.path, [...bad, "good.png"], "--json", "--quiet");
  assert.equal(code, 1);
  const lines = err.trimEnd().split("\n");
  assert.equal(lines.length, bad.length, err);
  bad.forEach((name, i) => assert.match(lines[i]!, RegExp(`^error: .*/${name}`)));
  const { predictions, failures } = lastJson(out);
  assert.deepEqual(predictions.map((p: { file: string }) => p.file), [`${folder.path}/good.png`]);
  assert.deepEqual(
    failures.map((failure: { error: string }) => `error: ${failure.error}`),
    lines,
  );
  assertOneError(await run(folder.path, ["empty.png"]), 1, /empty\.png.*got an empty file/);
});

Deno.test("predict draws what a network for 28x28 sees", async () => {
  await using folder = await temporaryFolder();
  await saveBiased(folder.path, ODDS, 28);
  await saveDrawing(`${folder.path}/a.png`, { side: 200, pen: BLACK, paper: WHITE });
  await saveDrawing(`${folder.path}/b.png`, { side: 80, pen: WHITE, paper: BLACK });
  const { code, err } = await run(
    folder.path,
    ["a.png", "b.png"],
    "--out",
    `${folder.path}/sheet.png`,
  );
  assert.equal(code, 0, err);
  const { width, height } = await readPng(`${folder.path}/sheet.png`);
  assert.ok(width > 2 * 84 && height > 84, `${width}x${height}`);
});

Deno.test("predict refuses a network for other images than it can prepare", async () => {
  await using folder = await temporaryFolder();
  await saveMlp(`${folder.path}/model.safetensors`, await mlpWeights(8, () => {}), 4, 16);
  assertOneError(await run(folder.path, ["a.png"]), 1, /28x28x1 or 8x8x1, got .* 4x16x1/);
});

Deno.test("predict reads without a checkpoint, with the network that ships", async () => {
  await using folder = await temporaryFolder();
  const picture = `${folder.path}/seven.png`;
  await saveDrawing(picture, { side: 90, pen: [20, 40, 160, 255], paper: [240, 235, 220, 255] });
  const flags = [`--allow-read=${folder.path}`];
  const { code, out, err } = await runTaskProcess("predict", flags, [picture, "--json"]);
  assert.equal(code, 0, err);
  assert.match(err, /^reading with lenet5 of mnist \(lenet5-mnist\)$/m);
  const { checkpoint, dataset, predictions: [prediction] } = lastJson(out);
  assert.deepEqual({ checkpoint, dataset }, { checkpoint: "lenet5-mnist", dataset: "mnist" });
  assert.equal(prediction.class, "7");
  assert.ok(prediction.probability > 0.9, `${prediction.probability}`);
});

Deno.test("predict reads with a machine, whose percentages are votes, and with a forest", async () => {
  const { train, classNames } = await digits();
  const metadata = (model: string) =>
    encodeInfo({
      model,
      shape: { height: 8, width: 8, channels: 1, classes: 10 },
      dataset: "digits",
      maxValue: 16,
      classNames,
    });
  const machine = await SVC.fit(train, { jobs: 1 });
  const forest = await RandomForest.fit(train, { trees: 30, jobs: 1 });
  const checkpoints = [
    { model: "svm", certainty: "votes", bytes: machine.save(metadata("svm")) },
    { model: "rf", certainty: "probability", bytes: forest.save(metadata("rf")) },
  ] as const;
  for (const { model, certainty, bytes } of checkpoints) {
    await using folder = await temporaryFolder();
    await Deno.writeFile(`${folder.path}/model.safetensors`, bytes);
    await saveDrawing(`${folder.path}/a.png`, { side: 90, pen: BLACK, paper: WHITE });
    const { code, out, err } = await run(folder.path, ["a.png"]);
    assert.equal(code, 0, err);
    const unit = certainty === "votes" ? "votes " : "";
    const line = RegExp(`^\\S+/a\\.png  7  ${unit} *[\\d.]+ %  then \\d  ${unit} *[\\d.]+ %\\n$`);
    assert.match(out, line);
    assert.equal(/^votes are the softmax of the votes/m.test(err), certainty === "votes");
    const result = lastJson((await run(folder.path, ["a.png"], "--json")).out);
    assert.deepEqual([result.model, result.certainty, result.adapter], [model, certainty, null]);
    assert.equal(result.predictions[0].class, "7");
  }
});

Deno.test("predict wants a picture, and the checkpoint that is named", async () => {
  await using folder = await temporaryFolder();
  assertOneError(await run(folder.path, []), 2, /at least 1 PICTURE, got 0/);
  assertOneError(await run(folder.path, ["a.png"]), 1, /there is no file .*model\.safetensors/);
});
