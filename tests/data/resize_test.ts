import { centreOfMass, cutOut, resize } from "../../lib/data/resize.ts";
import { assert, fc } from "../deps.ts";

const grey = (width: number, ...values: number[]) => ({
  values: Float32Array.from(values),
  width,
  height: values.length / width,
});

const mean = (values: Float32Array) => values.reduce((a, b) => a + b) / values.length;

Deno.test("resize() averages whole blocks when a picture shrinks by a whole number", () => {
  // deno-fmt-ignore
  const picture = grey(4,
    1, 3, 10, 10,
    5, 7, 10, 30,
  );
  const { values, width, height } = resize(picture, 1, 2);
  assert.deepEqual([[...values], width, height], [[4, 15], 2, 1]);
});

Deno.test("resize() counts a pixel by the part of it that is covered", () => {
  // Two new pixels of 1.5 old ones each: (3 + 6/2) / 1.5 and (6/2 + 12) / 1.5.
  assert.deepEqual([...resize(grey(3, 3, 6, 12), 1, 2).values], [4, 10]);
});

Deno.test("resize() interpolates between the centres of pixels when a picture grows", () => {
  assert.deepEqual([...resize(grey(2, 0, 8), 1, 4).values], [0, 2, 6, 8]);
  assert.deepEqual([...resize(grey(1, 5), 2, 3).values], [5, 5, 5, 5, 5, 5]);
});

Deno.test("resize() keeps the mean when it shrinks, and each size it already has", () => {
  const side = fc.integer({ min: 1, max: 12 });
  fc.assert(fc.property(side, side, side, side, (height, width, h, w) => {
    const values = Array.from({ length: height * width }, (_, i) => (i * 37) % 17);
    const picture = grey(width, ...values);
    assert.deepEqual(resize(picture, height, width), picture);
    if (h <= height && w <= width) {
      assert.ok(Math.abs(mean(resize(picture, h, w).values) - mean(picture.values)) < 1e-4);
    }
  }));
});

Deno.test("cutOut() keeps the smallest rectangle around what is strong enough", () => {
  // deno-fmt-ignore
  const picture = grey(5,
    0.1, 0, 0, 0, 0,
    0, 0, 0.6, 0, 0,
    0, 0.2, 0.3, 0.7, 0,
    0, 0, 0, 0, 0,
  );
  const { values, width, height } = cutOut(picture, 0.5);
  assert.deepEqual([width, height], [2, 2]);
  assert.deepEqual(values, Float32Array.of(0.6, 0, 0.3, 0.7));
});

Deno.test("centreOfMass() is where the picture balances", () => {
  assert.deepEqual(centreOfMass(grey(3, 0, 0, 1, 0, 0, 3)), [2, 0.75]);
});
