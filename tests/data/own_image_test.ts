import { digits } from "../../lib/data/digits.ts";
import { loadDataset } from "../../lib/data/load.ts";
import { prepareImage } from "../../lib/data/own_image.ts";
import type { ImageSet } from "../../lib/data/types.ts";
import { DataError } from "../../lib/errors.ts";
import { Random } from "../../lib/random.ts";
import { assert } from "../deps.ts";
import { drawDigit, type Drawing } from "./drawn_digit.ts";

const SHARED = new URL("../../../shared/datasets", import.meta.url);
const shared = await Deno.stat(SHARED).then(() => true, () => false);

const WHITE = [255, 255, 255, 255] as const;
const BLACK = [0, 0, 0, 255] as const;
const CLEAR = [0, 0, 0, 0] as const;
const PLAIN: Drawing = { side: 280, pen: BLACK, paper: WHITE };

const MNIST = { size: 28, maxValue: 255 } as const;
const UCI = { size: 8, maxValue: 16 } as const;

const prepare = (drawing: Drawing, target: typeof MNIST | typeof UCI = MNIST) =>
  prepareImage(drawDigit(drawing), drawing.side, drawing.side, target);

/** The sum of all differences as a part of the ink expected. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [sum, ink] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    sum += Math.abs(actual[i]! - expected[i]!);
    ink += expected[i]!;
  }
  return sum / ink;
}

/** A picture of image `index`, each pixel `scale` times as large, with a margin; opaque grey. */
function enlarged(set: ImageSet, index: number, scale: number, shade: (v: number) => number) {
  const margin = 7;
  const side = set.width * scale + 2 * margin;
  const rgba = new Uint8Array(side * side * 4).fill(255);
  const start = index * set.width * set.height;
  for (let i = 0; i < side * side; i++) {
    const x = Math.floor((i % side - margin) / scale);
    const y = Math.floor((Math.floor(i / side) - margin) / scale);
    const inside = x >= 0 && y >= 0 && x < set.width && y < set.height;
    rgba.fill(shade(inside ? set.images[start + y * set.width + x]! : 0), 4 * i, 4 * i + 3);
  }
  return { rgba, side };
}

/** The label of the image with the least sum of squared differences. */
function nearestLabel(image: Float32Array, { images, labels, count }: ImageSet): number {
  let [nearest, least] = [0, Infinity];
  for (let i = 0; i < count; i++) {
    const distance = image.reduce((sum, v, j) => sum + (v - images[i * image.length + j]!) ** 2, 0);
    if (distance < least) [nearest, least] = [i, distance];
  }
  return labels[nearest]!;
}

Deno.test("prepareImage() fits a digit into 20 pixels around its centre of mass", () => {
  const image = prepare(PLAIN);
  const inked = [...image.keys()].filter((i) => image[i]! > 0);
  const rows = inked.map((i) => Math.floor(i / 28));
  assert.equal(Math.max(...rows) - Math.min(...rows) + 1, 20);
  let [mass, x, y] = [0, 0, 0];
  image.forEach((v, i) => {
    mass += v;
    x += v * (i % 28);
    y += v * Math.floor(i / 28);
  });
  assert.ok(Math.abs(x / mass - 14) <= 0.51, `${x / mass}`);
  assert.ok(Math.abs(y / mass - 14) <= 0.51, `${y / mass}`);
  assert.equal(Math.max(...image), 1);
});

Deno.test("prepareImage() sees the same digit however it was drawn", async (t) => {
  const random = new Random(4);
  const noise = () => 12 * (random.float() + random.float() - 1);
  const drawings: Record<string, Partial<Drawing>> = {
    "small": { side: 60 },
    "large": { side: 900 },
    "light on dark": { pen: WHITE, paper: BLACK },
    "blue on yellow": { pen: [20, 40, 200, 255], paper: [250, 240, 150, 255] },
    "yellow on black": { pen: [255, 220, 0, 255], paper: BLACK },
    "faint": { pen: [150, 150, 150, 255], paper: [180, 180, 180, 255] },
    "black on nothing": { paper: CLEAR },
    "white on nothing": { pen: WHITE, paper: [255, 255, 255, 0] },
    "red on nothing": { pen: [200, 0, 0, 255], paper: [200, 0, 0, 0] },
    "half transparent": { pen: [0, 0, 0, 128], paper: [0, 0, 0, 0] },
    "in a corner and larger": { at: [0, 0], height: 1 },
    "in another corner and smaller": { at: [0.65, 0.55], height: 0.4 },
    "noisy": { pen: [40, 40, 60, 255], paper: [210, 205, 200, 255], noise },
  };
  const expected = { 28: prepare(PLAIN, MNIST), 8: prepare(PLAIN, UCI) };
  for (const [what, drawing] of Object.entries(drawings)) {
    await t.step(what, () => {
      for (const target of [MNIST, UCI]) {
        const off = difference(prepare({ ...PLAIN, ...drawing }, target), expected[target.size]);
        assert.ok(off < 0.1, `${target.size}: ${off}`);
      }
    });
  }
});

Deno.test("prepareImage() keeps a card's own paper where the picture around it is clear", () => {
  const rgba = drawDigit(PLAIN);
  for (let i = 0; i < rgba.length / 4; i++) {
    const [x, y] = [i % 280, Math.floor(i / 280)];
    if (Math.min(x, y, 279 - x, 279 - y) < 10) rgba.fill(0, 4 * i, 4 * i + 4);
  }
  assert.ok(difference(prepareImage(rgba, 280, 280, MNIST), prepare(PLAIN)) < 0.01);
});

Deno.test("prepareImage() reads a stroke one pixel wide in a large picture", () => {
  const side = 1000;
  const rgba = new Uint8Array(side * side * 4).fill(255);
  for (let y = 100; y < 900; y++) rgba.fill(0, 4 * (y * side + 500), 4 * (y * side + 500) + 3);
  const image = prepareImage(rgba, side, side, MNIST);
  assert.deepEqual([...image].filter((v) => v > 0), new Array(20).fill(1));
  const small = prepareImage(rgba, side, side, UCI);
  assert.ok(small.reduce((a, b) => a + b) >= 0.25 * 64);
});

Deno.test("prepareImage() rounds to the steps of the data set", () => {
  for (const v of prepare(PLAIN, UCI)) assert.ok(Number.isInteger(16 * v) && v >= 0 && v <= 1);
  for (const v of prepare(PLAIN)) assert.ok(Math.abs(255 * v - Math.round(255 * v)) < 1e-4);
});

Deno.test("prepareImage() makes of an enlarged 8x8 digit what its neighbours look like", async () => {
  const { train, test } = await digits();
  let right = 0;
  for (let i = 0; i < test.count; i++) {
    const { rgba, side } = enlarged(test, i, 12, (v) => 255 - v * 15);
    const image = prepareImage(rgba, side, side, UCI).map((v) => 16 * v);
    if (nearestLabel(image, train) === test.labels[i]) right++;
  }
  // The nearest neighbours of the unchanged images give 0.97 of them the right label.
  assert.ok(right / test.count > 0.9, `${right / test.count}`);
});

Deno.test({
  name: "prepareImage() makes of an enlarged and inverted MNIST image what it was",
  ignore: !shared,
  async fn() {
    const { test } = await loadDataset({ dataset: "mnist", dir: SHARED.pathname, testSubset: 300 });
    const off: number[] = [];
    for (let i = 0; i < test.count; i++) {
      const { rgba, side } = enlarged(test, i, 3, (v) => 255 - v);
      const original = test.images.subarray(i * 784, (i + 1) * 784);
      off.push(
        difference(prepareImage(rgba, side, side, MNIST), Array.from(original, (v) => v / 255)),
      );
    }
    off.sort((a, b) => a - b);
    assert.ok(off[Math.floor(0.5 * off.length)]! < 0.02, `median ${off[off.length >> 1]}`);
    // Faint specks at the edge of a box change its size by a pixel in a few images.
    assert.ok(off[Math.floor(0.95 * off.length)]! < 0.1, `95 % ${off[285]}`);
  },
});

Deno.test("prepareImage() refuses pictures without ink or without pixels", () => {
  const blank = new Uint8Array(400).fill(255);
  const cases: [Uint8Array, number, number][] = [
    [blank, 10, 10],
    [new Uint8Array(400), 10, 10],
    [blank.map((v, i) => i % 4 === 3 ? 255 : v - (i % 3)), 10, 10],
    [new Uint8Array(), 0, 0],
    [new Uint8Array(), 10, 0],
    [new Uint8Array(4), 1, 1],
  ];
  for (const [rgba, width, height] of cases) {
    assert.throws(() => prepareImage(rgba, width, height, MNIST), (error: unknown) => {
      assert.ok(error instanceof DataError, String(error));
      assert.match(error.message, /^Cannot find a digit in the picture: [^\n]+, got [^\n]+\.$/);
      return true;
    });
  }
  assert.throws(() => prepareImage(blank, 10, 11, MNIST), RangeError);
});
