import { Buffer } from "node:buffer";
import { assert } from "../deps.ts";
import { PNG } from "../../lib/deps.ts";
import { CAPTION_COLORS, imageGrid, type ImageGridOptions } from "../../lib/viz/grid.ts";

const PAPER = [250, 249, 246];

interface Picture {
  width: number;
  height: number;
  at(x: number, y: number): number[];
}

function decode(file: Uint8Array): Picture {
  const { width, height, data } = PNG.sync.read(Buffer.from(file));
  return {
    width,
    height,
    at: (x, y) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)],
  };
}

/** How many pixels of a colour there are in a rectangle. */
function countColor(picture: Picture, color: readonly number[], box: number[]): number {
  const [left, top, right, bottom] = box as [number, number, number, number];
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (picture.at(x, y).join() === color.join()) count++;
    }
  }
  return count;
}

/** Three images of 2 x 2: black, white, and a diagonal. */
const three: ImageGridOptions = {
  images: Uint8Array.of(0, 0, 0, 0, 16, 16, 16, 16, 16, 0, 0, 16),
  count: 3,
  height: 2,
  width: 2,
  maxValue: 16,
  columns: 2,
  scale: 5,
};

Deno.test("imageGrid() places images in rows on its own light margin", () => {
  const picture = decode(imageGrid(three));
  // Margin 16, cells of 10 with gaps of 12.
  assert.deepEqual([picture.width, picture.height], [16 + 10 + 12 + 10 + 16, 64]);
  for (const [x, y] of [[0, 0], [63, 0], [0, 63], [63, 63], [31, 20]] as const) {
    assert.deepEqual(picture.at(x, y), PAPER, `${x}, ${y}`);
  }
  assert.equal(countColor(picture, [0, 0, 0], [16, 16, 26, 26]), 100);
  assert.equal(countColor(picture, [255, 255, 255], [38, 16, 48, 26]), 100);
  assert.deepEqual(picture.at(16, 38), [255, 255, 255]);
  assert.deepEqual(picture.at(21, 38), [0, 0, 0]);
  assert.deepEqual(picture.at(20, 43), [0, 0, 0]);
  assert.deepEqual(picture.at(25, 47), [255, 255, 255]);
  assert.equal(countColor(picture, PAPER, [34, 34, 64, 64]), 900);
});

Deno.test("imageGrid() draws a Float32Array with its own range", () => {
  const images = Float32Array.of(-1, 0, 1, 1);
  const options = { images, count: 1, height: 2, width: 2, minValue: -1, maxValue: 1, columns: 1 };
  const picture = decode(imageGrid({ ...options, scale: 1 }));
  const greys = [[16, 16], [17, 16], [16, 17]].map(([x, y]) => picture.at(x!, y!)[0]);
  assert.deepEqual(greys, [0, 128, 255]);
});

Deno.test("imageGrid() enlarges small images to 84 pixels by itself", () => {
  for (const [side, expected] of [[28, 84], [8, 80], [100, 100]] as const) {
    const images = new Uint8Array(side * side);
    const file = imageGrid({
      images,
      count: 1,
      height: side,
      width: side,
      maxValue: 1,
      columns: 1,
    });
    assert.equal(decode(file).width, expected + 32);
  }
});

Deno.test("imageGrid() marks captions by colour and by what they say", () => {
  const captions = ["✓ 7", "✗ 4→9", ""];
  const { right, wrong, plain } = CAPTION_COLORS;
  const picture = decode(
    imageGrid({ ...three, captions, captionColors: [right, wrong, plain], textScale: 1 }),
  );
  // The widest caption has 5 characters of 6 pixels, less the last gap: cells of 29.
  const cells = [[16, 16, 45, 43], [57, 16, 86, 43]];
  assert.equal(picture.width, 16 + 29 + 12 + 29 + 16);
  const bar = 12 * 4;
  assert.ok(countColor(picture, right, cells[0]!) > bar);
  assert.equal(countColor(picture, wrong, cells[0]!), 0);
  assert.ok(countColor(picture, wrong, cells[1]!) > countColor(picture, right, cells[0]!));
  assert.equal(countColor(picture, right, cells[1]!), 0);
});

Deno.test("imageGrid() makes room for title, row and column labels", () => {
  const plain = decode(imageGrid(three));
  const labelled = decode(
    imageGrid({ ...three, title: "ab", rowLabels: ["r", "s"], columnLabels: ["c", "d"] }),
  );
  // Text of scale 2: one character is 10 wide and 18 high; a gap of 12 follows.
  assert.equal(labelled.width, plain.width + 10 + 12);
  assert.equal(labelled.height, plain.height + 2 * (18 + 12));
  assert.deepEqual(labelled.at(16 + 22, 16 + 60), [0, 0, 0]);
  assert.ok(countColor(labelled, CAPTION_COLORS.plain, [16, 16, 38, 34]) > 0);
  assert.equal(countColor(labelled, PAPER, [0, 0, 16, labelled.height]), 16 * labelled.height);
});

Deno.test("imageGrid() gives the same bytes for the same input", () => {
  assert.deepEqual(imageGrid({ ...three, title: "x" }), imageGrid({ ...three, title: "x" }));
});

Deno.test("imageGrid() refuses what does not fit together", () => {
  const cases: [Partial<ImageGridOptions>, RegExp][] = [
    [{ count: 4 }, /4 x 2 x 2 needs 16 values, got 12/],
    [{ columns: 0 }, /columns must be a positive integer, got 0/],
    [{ scale: 1.5 }, /scale must be a positive integer, got 1.5/],
    [{ maxValue: 0 }, /maxValue must be above minValue, got 0\.\.0/],
    [{ captions: ["one"] }, /captions must have 3 entries, got 1/],
    [{ captionColors: [] }, /captionColors must have 3 entries/],
    [{ rowLabels: ["a"] }, /rowLabels must have 2 entries/],
    [{ columnLabels: ["a", "b", "c"] }, /columnLabels must have 2 entries, got 3/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => imageGrid({ ...three, ...change }), { name: "RangeError", message });
  }
});
