import { deskew, momentsOf } from "../../lib/classical/deskew.ts";
import { digits } from "../../lib/data/digits.ts";
import { assert, fc } from "../deps.ts";

/** A stroke of five pixels whose row `r` begins at column `start(r)`. */
function stroke(start: (row: number) => number, height = 15, width = 25): Uint8Array {
  const image = new Uint8Array(height * width);
  for (let row = 0; row < height; row++) {
    image.fill(200, row * width + start(row), row * width + start(row) + 5);
  }
  return image;
}

Deno.test("momentsOf() finds centre and slant of a stroke", () => {
  const images = stroke((row) => 3 + row);
  const { x, y, slant } = momentsOf({ images, height: 15, width: 25 }, 0);
  assert.deepEqual([x, y, slant], [12, 7, 1]);
});

Deno.test("deskew() makes a slanted stroke upright, exactly where it moves by whole pixels", () => {
  const upright = stroke(() => 10);
  for (const slope of [1, -1]) {
    const images = stroke((row) => 10 + slope * (row - 7));
    assert.deepEqual(deskew({ images, height: 15, width: 25 }), upright);
  }
});

Deno.test("deskew() leaves upright and centred ink, and images without any, as they are", () => {
  const images = Uint8Array.of(...stroke(() => 10), ...new Uint8Array(15 * 25));
  assert.deepEqual(deskew({ images, height: 15, width: 25 }), images);
});

Deno.test("deskew() moves ink to the centre, also of one row or one pixel", () => {
  const images = new Uint8Array(2 * 5 * 7);
  images[1] = 90;
  images[35 + 4 * 7 + 0] = 80;
  images[35 + 4 * 7 + 1] = 80;
  images[35 + 4 * 7 + 2] = 80;
  const expected = new Uint8Array(2 * 5 * 7);
  expected[2 * 7 + 3] = 90;
  expected.fill(80, 35 + 2 * 7 + 2, 35 + 2 * 7 + 5);
  assert.deepEqual(deskew({ images, height: 5, width: 7 }), expected);
});

Deno.test("deskew() treats each image for itself and does not change its input", () => {
  const image = fc.uint8Array({ minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), (list) => {
      const images = Uint8Array.from(list.flatMap((one) => [...one]));
      const before = images.slice();
      const together = deskew({ images, height: 5, width: 6 });
      assert.deepEqual(images, before);
      const apart = list.flatMap((one) => [...deskew({ images: one, height: 5, width: 6 })]);
      assert.deepEqual([...together], apart);
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("deskew() takes most of the slant out of the digits", async () => {
  const { test } = await digits();
  const slants = (images: Uint8Array) => {
    let sum = 0;
    for (let i = 0; i < test.count; i++) sum += Math.abs(momentsOf({ ...test, images }, i).slant);
    return sum / test.count;
  };
  const [before, after] = [slants(test.images), slants(deskew(test))];
  assert.ok(after < before / 4, `${before} before, ${after} after`);
});

Deno.test("deskew() refuses pixels that are no whole number of images", () => {
  assert.throws(() => deskew({ images: new Uint8Array(5), height: 2, width: 2 }), RangeError);
  assert.throws(() => deskew({ images: new Uint8Array(4), height: 0, width: 2 }), RangeError);
  assert.deepEqual(deskew({ images: new Uint8Array(), height: 2, width: 2 }), new Uint8Array());
});
