/** The classifier that ships with the project reads what it says that it reads. @module */

import shipped from "../../data/checkpoints/lenet5-mnist.txt" with { type: "text" };
import provenance from "../../data/checkpoints/lenet5-mnist.json" with { type: "json" };
import { digits } from "../../lib/data/digits.ts";
import { loadDataset } from "../../lib/data/load.ts";
import { prepareImage } from "../../lib/data/own_image.ts";
import type { ImageSet } from "../../lib/data/types.ts";
import { decodeClassifier } from "../../lib/train/classifier.ts";
import { accuracyOf } from "../../lib/train/evaluate.ts";
import { assert } from "../deps.ts";

const SHARED = new URL("../../../shared/datasets", import.meta.url);
const shared = await Deno.stat(SHARED).then(() => true, () => false);

async function accuracy(set: ImageSet): Promise<number> {
  const classifier = await decodeClassifier(Uint8Array.fromBase64(shipped), "lenet5-mnist");
  const { classes } = await classifier.predict(set);
  classifier.dispose();
  return accuracyOf(classes, set.labels);
}

/** How many pixels of the picture one of the small image takes. */
const SCALE = 12;

/** An 8x8 digit as a photograph would show it: dark on light, with paper around it. */
function photograph(image: Uint8Array): { rgba: Uint8Array; side: number } {
  const side = 12 * SCALE;
  const rgba = new Uint8Array(side * side * 4).fill(255);
  for (let row = 0; row < 8 * SCALE; row++) {
    for (let column = 0; column < 8 * SCALE; column++) {
      const ink = image[Math.floor(row / SCALE) * 8 + Math.floor(column / SCALE)]! / 16;
      const pixel = ((row + 2 * SCALE) * side + column + 2 * SCALE) * 4;
      rgba.fill(255 - Math.round(230 * ink), pixel, pixel + 3);
    }
  }
  return { rgba, side };
}

Deno.test("the LeNet-5 that ships reads other people's digits, made like MNIST's", async () => {
  const { test } = await digits();
  const images = new Uint8Array(test.count * 28 * 28);
  for (let i = 0; i < test.count; i++) {
    const { rgba, side } = photograph(test.images.subarray(i * 64, (i + 1) * 64));
    const ink = prepareImage(rgba, side, side, { size: 28, maxValue: 255 });
    images.set(ink.map((value) => Math.round(value * 255)), i * 28 * 28);
  }
  const right = await accuracy({ ...test, images, height: 28, width: 28 });
  // Coarse squares of ink are not what it was trained on.
  assert.ok(right > 0.85, `${right}`);
});

Deno.test({
  name: "the LeNet-5 that ships has the accuracy on MNIST that its provenance states",
  ignore: !shared,
  async fn() {
    const dir = SHARED.pathname;
    const { test } = await loadDataset({ dataset: "mnist", dir, allowFetch: false });
    // Its weights were rounded to float16.
    assert.ok(Math.abs(await accuracy(test) - provenance.test_accuracy) <= 0.0005);
  },
});
