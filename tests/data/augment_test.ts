import {
  augment,
  augmentBatch,
  defaultAugmentation,
  drawWarp,
  elasticField,
} from "../../lib/data/augment.ts";
import { Random } from "../../lib/random.ts";
import { assert } from "../deps.ts";

const PIXELS = {
  images: Uint8Array.from({ length: 6 * 28 * 28 }, (_, i) => (i * i) % 256),
  height: 28,
  width: 28,
};
const SIZE = 28 * 28;

Deno.test("augmentBatch() gives an image the same deformation in whatever batch it is", () => {
  const options = defaultAugmentation(28);
  const whole = new Uint8Array(6 * SIZE);
  augmentBatch(whole, PIXELS, [0, 1, 2, 3, 4, 5], options, { seed: 3, epoch: 2 });
  const part = new Uint8Array(2 * SIZE);
  augmentBatch(part, PIXELS, [4, 1], options, { seed: 3, epoch: 2 });
  assert.deepEqual(part.subarray(0, SIZE), whole.subarray(4 * SIZE, 5 * SIZE));
  assert.deepEqual(part.subarray(SIZE), whole.subarray(SIZE, 2 * SIZE));
});

Deno.test("augmentBatch() deforms differently in every epoch, for every seed and image", () => {
  const of = (seed: number, epoch: number, index: number) => {
    const out = new Uint8Array(SIZE);
    const same = { ...PIXELS, images: new Uint8Array(6 * SIZE).fill(200) };
    augmentBatch(out, same, [index], { shift: 2, rotate: 20 }, { seed, epoch });
    return out.join();
  };
  const all = [of(1, 0, 0), of(2, 0, 0), of(1, 1, 0), of(1, 0, 1), of(0, 1, 0)];
  assert.equal(new Set(all).size, all.length);
});

Deno.test("augment() without any amount copies the image", () => {
  const out = new Uint8Array(SIZE);
  augment(out, PIXELS, 2, {}, new Random(1));
  assert.deepEqual(out, PIXELS.images.subarray(2 * SIZE, 3 * SIZE));
});

Deno.test("drawWarp() spreads evenly over the whole of each range", () => {
  const random = new Random(5);
  const warps = Array.from(
    { length: 4000 },
    () => drawWarp({ shift: 2, rotate: 15, scale: 0.1 }, 28, 28, random),
  );
  const ranges = { dx: [-2, 2], dy: [-2, 2], degrees: [-15, 15], scale: [0.9, 1.1] } as const;
  for (const key of ["dx", "dy", "degrees", "scale"] as const) {
    const [lo, hi] = ranges[key];
    const unit = warps.map((warp) => (warp[key] - lo) / (hi - lo));
    assert.ok(unit.every((u) => u >= 0 && u < 1), key);
    const mean = unit.reduce((a, b) => a + b) / unit.length;
    const variance = unit.reduce((a, b) => a + (b - mean) ** 2, 0) / unit.length;
    // The mean of a uniform variable is 1/2 and its variance 1/12; four standard errors are allowed.
    assert.ok(Math.abs(mean - 1 / 2) < 4 * Math.sqrt(1 / 12 / unit.length), `${key}: ${mean}`);
    assert.ok(Math.abs(variance - 1 / 12) < 4 * Math.sqrt(1 / 180 / unit.length), key);
  }
});

Deno.test("drawWarp() keeps the other amounts when one is switched off", () => {
  const all = drawWarp({ shift: 2, rotate: 15, scale: 0.1 }, 28, 28, new Random(8));
  const some = drawWarp({ shift: 2, scale: 0.1 }, 28, 28, new Random(8));
  assert.deepEqual({ ...all, degrees: 0 }, { ...some, degrees: 0 });
});

Deno.test("elasticField() has the documented strength, no bias, and smooth waves", () => {
  const [side, inside, rounds] = [40, 12, 60];
  const [alpha, sigma] = [34, 4];
  const random = new Random(9);
  let [sum, squares, product, count] = [0, 0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    for (const field of Object.values(elasticField({ alpha, sigma }, side, side, random))) {
      for (let y = inside; y < side - inside; y++) {
        for (let x = inside; x < side - inside; x++) {
          const at = field[y * side + x]!;
          sum += at;
          squares += at * at;
          product += at * field[y * side + x + sigma]!;
          count++;
        }
      }
    }
  }
  const rms = Math.sqrt(squares / count);
  assert.ok(Math.abs(rms / (alpha / (2 * Math.sqrt(3 * Math.PI) * sigma)) - 1) < 0.1, `${rms}`);
  assert.ok(Math.abs(sum / count) < 0.25 * rms);
  // White noise smoothed by a Gaussian is correlated by exp(-d² / 4 sigma²) at the distance d.
  assert.ok(Math.abs(product / squares - Math.exp(-1 / 4)) < 0.08, `${product / squares}`);
});

Deno.test("defaultAugmentation() moves pixels in proportion to the size of the image", () => {
  const [small, large] = [defaultAugmentation(8), defaultAugmentation(28)];
  assert.equal(large.shift, 2);
  assert.ok(small.shift > 0.5 && small.shift < 0.6);
  const strength = ({ elastic }: typeof small) => elastic.alpha / elastic.sigma;
  assert.ok(Math.abs(strength(small) / strength(large) - 8 / 28) < 1e-12);
});

Deno.test("augment() refuses amounts out of range", () => {
  const out = new Uint8Array(SIZE);
  const wrong = [
    { shift: -1 },
    { rotate: 181 },
    { scale: 1 },
    { shift: NaN },
    { elastic: { alpha: 1, sigma: 0 } },
    { elastic: { alpha: -1, sigma: 1 } },
  ];
  for (const augmentation of wrong) {
    assert.throws(() => augment(out, PIXELS, 0, augmentation, new Random(1)), RangeError);
  }
});
