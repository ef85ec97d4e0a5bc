import type { Dataset } from "../../lib/data/types.ts";
import { PNG } from "../../lib/deps.ts";
import { drawMistakes, mistakeCaption } from "../../lib/train/mistakes.ts";
import { Buffer } from "node:buffer";
import { assert } from "../deps.ts";

const count = 50;
const images = {
  images: new Uint8Array(count * 64),
  labels: new Uint8Array(count),
  count,
  height: 8,
  width: 8,
};
const dataset: Dataset = {
  name: "digits",
  train: images,
  test: images,
  maxValue: 16,
  classNames: ["0", "1"],
  sha256: {},
  source: "embedded",
};

Deno.test("drawMistakes() has nothing to draw where all is right", () => {
  const probabilities = new Float32Array(count * 2);
  const predictions = { classes: new Uint8Array(count), probabilities };
  assert.equal(drawMistakes(dataset, predictions), undefined);
});

Deno.test("drawMistakes() puts the most confident mistake first, forty at most", () => {
  // Image i is taken for a 1 with probability (50 + i) %; image 49 alone is white.
  const probabilities = Float32Array.from({ length: count * 2 }, (_, k) => {
    const one = (50 + (k >> 1)) / 100;
    return k % 2 === 1 ? one : 1 - one;
  });
  images.images.fill(16, 49 * 64);
  const png = drawMistakes(dataset, { classes: new Uint8Array(count).fill(1), probabilities })!;
  const { data, width, height } = PNG.sync.read(Buffer.from(png));
  // Eight columns and five rows of images of 80 pixels; a sixth row would reach 6 x 80.
  assert.ok(width > 8 * 80 && height > 5 * 80 && height < 5 * 150, `${width}x${height}`);
  const grey = (x: number, y: number) => data[(y * width + x) * 4];
  assert.equal(grey(56, 56), 255);
  assert.equal(grey(56 + 92, 56), 0);
});

Deno.test("mistakeCaption() breaks between long names", () => {
  assert.equal(mistakeCaption("4", "9"), "4→9");
  assert.equal(mistakeCaption("Ankle boot", "Bag"), "Ankle boot\n→Bag");
});
