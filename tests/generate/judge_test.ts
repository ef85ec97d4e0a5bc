import { UsageError } from "../../lib/errors.ts";
import { judge, judgementText, loadJudge } from "../../lib/generate/judge.ts";
import type { Classifier } from "../../lib/train/classifier.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { mlpWeights, saveMlp } from "../tasks/process.ts";

const CLASS_NAMES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const SHAPE = { height: 8, width: 8, channels: 1, classes: 10 };

/** A classifier that takes an image with ink for a three, the surer the more, and others for a five. */
async function inkDetector(folder: string): Promise<Classifier> {
  const state = await mlpWeights(8, (values) => {
    // The sum of all pixels from -1 to 1, plus 64: 0 without ink.
    values("fc1.weight").fill(1, 0, 64);
    values("fc1.bias")[0] = 64;
    values("fc2.weight")[0] = 1;
    values("fc3.weight")[3 * 64] = 1;
    values("fc3.bias")[5] = 5;
  });
  await saveMlp(`${folder}/model.safetensors`, state, 8);
  return await loadJudge(folder, SHAPE);
}

/** Images from 0 to 1 with so much ink, in pixels. */
function images(...ink: readonly number[]): Float32Array {
  const pixels = new Float32Array(64 * ink.length);
  ink.forEach((amount, i) => {
    for (let at = 0; at < amount; at++) pixels[i * 64 + at] = Math.min(1, amount - at);
  });
  return pixels;
}

Deno.test("judge() counts what a classifier sees, and what of it was asked for", async () => {
  await using folder = await temporaryFolder();
  const classifier = await inkDetector(folder.path);
  // A logit of two for each pixel of ink: 20, 10 and 6 against 5, then 0.
  const drawn = { images: images(10, 5, 3, 0), height: 8, width: 8, range: [0, 1] } as const;
  // e^6 / (e^6 + e^5 + 8) is 0.722, which is not sure; e^5 / (e^5 + 9) is 0.943.
  const counts = [0, 0, 0, 3, 0, 1, 0, 0, 0, 0];
  const asked = await judge(classifier, drawn, [3, 5, 3, 5]);
  assert.deepEqual(asked, { asked: 0.75, sure: 0.75, counts });
  const free = await judge(classifier, drawn, undefined);
  assert.deepEqual(free, { asked: null, sure: 0.75, counts });
});

Deno.test("judge() reads values beyond the range as black and white", async () => {
  await using folder = await temporaryFolder();
  const classifier = await inkDetector(folder.path);
  const beyond = images(10, 5, 3, 0).map((value) => value > 0 ? 1 + value : value - 1);
  const drawn = { images: beyond, height: 8, width: 8, range: [0, 1] } as const;
  const { sure, counts } = await judge(classifier, drawn, undefined);
  assert.deepEqual([sure, counts[3], counts[5]], [0.75, 3, 1]);
});

Deno.test("loadJudge() refuses a classifier of other images", async () => {
  await using folder = await temporaryFolder();
  const classifier = await inkDetector(folder.path);
  classifier.dispose();
  await assert.rejects(loadJudge(folder.path, { ...SHAPE, height: 28, width: 28 }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /must read images of 28x28, got one for 8x8/);
    return true;
  });
});

Deno.test("judgementText() says what was asked for only where something was", () => {
  const counts = [1, 0, 0, 0, 0, 0, 0, 0, 0, 3];
  const seen = "the classifier is sure of 50.00 % of them; it takes them for " +
    "0: 1, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 3";
  assert.equal(judgementText({ asked: null, sure: 0.5, counts }, CLASS_NAMES), seen);
  assert.equal(
    judgementText({ asked: 0.25, sure: 0.5, counts }, CLASS_NAMES),
    `25.00 % of them are what was asked for\n${seen}`,
  );
});
