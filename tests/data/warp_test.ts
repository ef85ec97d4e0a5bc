import { type Pixels, type Warp, warpImage } from "../../lib/data/warp.ts";
import { assert, fc } from "../deps.ts";
import scipy from "../fixtures/warp.json" with { type: "json" };

const STILL: Warp = { dx: 0, dy: 0, degrees: 0, scale: 1 };

const SIZE = { height: 5, width: 6 };
const IMAGE = Uint8Array.from({ length: 30 }, (_, i) => (i * 97) % 256);

function warped(warp: Partial<Warp>, pixels: Pixels = { images: IMAGE, ...SIZE }): Float32Array {
  const out = new Float32Array(pixels.height * pixels.width);
  warpImage(out, 0, pixels, 0, { ...STILL, ...warp });
  return out;
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i]! - expected[i]!) <= tolerance,
      `${i}: ${actual[i]} ${expected[i]}`,
    );
  }
}

Deno.test("warpImage() agrees with SciPy's map_coordinates", () => {
  const images = Uint8Array.from(scipy.image);
  for (const { field, result, ...affine } of scipy.cases) {
    const warp = {
      ...affine,
      ...field && { field: { x: Float32Array.from(field.x), y: Float32Array.from(field.y) } },
    };
    const { height, width } = scipy;
    // The field is rounded to float32, and a pixel differs from the next by up to 255.
    assertClose(warped(warp, { images, height, width }), result, 1e-3);
  }
});

Deno.test("warpImage() leaves an image as it is when there is nothing to do", () => {
  assert.deepEqual([...warped({})], [...IMAGE]);
});

Deno.test("warpImage() by whole pixels moves the array and fills with zeros", () => {
  fc.assert(
    fc.property(fc.integer({ min: -7, max: 7 }), fc.integer({ min: -7, max: 7 }), (dx, dy) => {
      const moved = warped({ dx, dy });
      for (let y = 0; y < 5; y++) {
        for (let x = 0; x < 6; x++) {
          const inside = x - dx >= 0 && x - dx < 6 && y - dy >= 0 && y - dy < 5;
          assert.equal(moved[y * 6 + x], inside ? IMAGE[(y - dy) * 6 + x - dx] : 0);
        }
      }
    }),
  );
});

Deno.test("warpImage() by half a pixel takes the mean of two neighbours", () => {
  const row = { images: Uint8Array.of(10, 20, 60, 0), height: 1, width: 4 };
  assert.deepEqual([...warped({ dx: 0.5 }, row)], [5, 15, 40, 30]);
});

Deno.test("warpImage() by 90 degrees turns the array anticlockwise", () => {
  // a b c       c f i
  // d e f  ->   b e h
  // g h i       a d g
  const square = { images: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), height: 3, width: 3 };
  assertClose(warped({ degrees: 90 }, square), [3, 6, 9, 2, 5, 8, 1, 4, 7], 1e-6);
  assertClose(warped({ degrees: 180 }, square), [9, 8, 7, 6, 5, 4, 3, 2, 1], 1e-6);
});

Deno.test("warpImage() moves the centre of mass as asked and keeps the mass", () => {
  const images = new Float32Array(28 * 28);
  for (let y = 10; y < 19; y++) for (let x = 12; x < 16; x++) images[y * 28 + x] = x + y;
  const centre = (pixels: Float32Array) => {
    let [mass, mx, my] = [0, 0, 0];
    pixels.forEach((v, i) => {
      mass += v;
      mx += v * (i % 28);
      my += v * Math.floor(i / 28);
    });
    return [mass, mx / mass, my / mass] as const;
  };
  const [mass, x, y] = centre(images);
  fc.assert(
    fc.property(
      fc.double({ min: -4, max: 4, noNaN: true }),
      fc.double({ min: -4, max: 4, noNaN: true }),
      (dx, dy) => {
        const [m, mx, my] = centre(warped({ dx, dy }, { images, height: 28, width: 28 }));
        assertClose([m / mass, mx - x, my - y], [1, dx, dy], 1e-4);
      },
    ),
  );
});

Deno.test("warpImage() rounds bytes to the nearest and stays within them", () => {
  const images = Uint8Array.of(255, 255, 0, 1);
  const out = new Uint8Array(4);
  warpImage(out, 0, { images, height: 1, width: 4 }, 0, { ...STILL, dx: 0.25 });
  assert.deepEqual([...out], [191, 255, 64, 1]);
});

Deno.test("warpImage() writes one image where it is told and nothing else", () => {
  const out = new Float32Array(12).fill(-1);
  const pixels = { images: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), height: 2, width: 2 };
  warpImage(out, 4, pixels, 1, STILL);
  assert.deepEqual([...out], [-1, -1, -1, -1, 5, 6, 7, 8, -1, -1, -1, -1]);
  assert.throws(() => warpImage(out, 9, pixels, 1, STILL), RangeError);
  assert.throws(() => warpImage(out, 0, pixels, 2, STILL), RangeError);
});
