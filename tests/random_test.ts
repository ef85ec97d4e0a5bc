/** Known answers of Philox, and the distributions and names of the streams made from it. @module */

import { philox4x32, Random, type Words2, type Words4 } from "../lib/random.ts";
import { assert, fc } from "./deps.ts";
import reference from "./fixtures/random.json" with { type: "json" };

const hex = (words: Iterable<number>) =>
  Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");

/** `kat_vectors` of Random123, the authors' own implementation: counter, key, output. */
const KNOWN_ANSWERS: readonly (readonly [Words4, Words2, string])[] = [
  [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    "408f276d 41c83b0e a20bc7c6 6d5451fd",
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    "d16cfe09 94fdcceb 5001e420 24126ea1",
  ],
];

Deno.test("philox4x32() gives the published known answers", () => {
  for (const [counter, key, expected] of KNOWN_ANSWERS) {
    assert.equal(hex(philox4x32(counter, key)), expected);
  }
});

/** Philox with the products taken by BigInt: the definition, without the 16-bit halves. */
function philoxByBigInt(counter: Words4, key: Words2): string {
  const mask = 0xffffffffn;
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & mask, (p0 >> 32n) ^ c3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return hex([c0, c1, c2, c3].map(Number));
}

Deno.test("philox4x32() agrees with exact products for any counter and key", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
      assert.equal(hex(philox4x32(counter, key)), philoxByBigInt(counter, key));
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("philox4x32() writes into the array it is given", () => {
  const out = new Uint32Array(4);
  assert.equal(philox4x32([0, 0, 0, 0], [0, 0], out), out);
  assert.equal(hex(out), KNOWN_ANSWERS[0]?.[2]);
});

Deno.test("Random lays out seed, path and block number as documented", () => {
  const random = new Random(2 ** 53 - 1, "init", 7);
  assert.deepEqual(random.key, [0xffffffff, 0x1fffff]);
  const [low, high] = random.stream;
  const words = Array.from({ length: 12 }, () => random.uint32());
  const blocks = [0, 1, 2].map((n) => philoxByBigInt([n, 0, low, high], random.key));
  assert.equal(hex(words), blocks.join(" "));
});

Deno.test("Random gives the streams of the reference in Python", () => {
  for (
    const { seed, path, key, stream, uint32, float, int1000, normal, permutation9 } of reference
  ) {
    const random = () => new Random(seed, ...path);
    const draw = <T>(count: number, next: (stream: Random) => T) => {
      const source = random();
      return Array.from({ length: count }, () => next(source));
    };
    assert.deepEqual(random().key, key);
    assert.deepEqual(random().stream, stream);
    assert.deepEqual(draw(uint32.length, (source) => source.uint32()), uint32);
    assert.deepEqual(draw(float.length, (source) => source.float()), float);
    assert.deepEqual(draw(int1000.length, (source) => source.int(1000)), int1000);
    assert.deepEqual(Array.from(random().permutation(9)), permutation9);
    for (const [i, x] of draw(normal.length, (source) => source.normal()).entries()) {
      // Logarithm and cosine may differ in their last bit between two mathematical libraries.
      assert.ok(Math.abs(x - normal[i]!) < 1e-14);
    }
  }
});

Deno.test("Random gives every path a stream of its own", () => {
  const first = (...path: (string | number)[]) => new Random(5, ...path).uint32();
  const paths = [[], [""], ["", ""], ["a", "bc"], ["ab", "c"], ["abc"], [1], ["1"], [1, 2], [2, 1]];
  assert.equal(new Set(paths.map((path) => first(...path))).size, paths.length);
  assert.equal(new Set(Array.from({ length: 1000 }, (_, n) => first("shuffle", n))).size, 1000);
  assert.equal(first("shuffle", 0), first("shuffle", -0));
});

Deno.test("Random gives every seed a stream of its own, also above 32 bits", () => {
  const seeds = [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
  assert.equal(new Set(seeds.map((seed) => new Random(seed, "x").uint32())).size, seeds.length);
});

Deno.test("Random streams of neighbouring names do not correlate", () => {
  const count = 20_000;
  for (
    const [a, b] of [[new Random(1, "e", 1), new Random(1, "e", 2)], [new Random(1), new Random(2)]]
  ) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (a!.float() - 0.5) * (b!.float() - 0.5);
    // Each product has variance 1/144; four standard errors.
    assert.ok(Math.abs(sum / count) < 4 / 12 / Math.sqrt(count), `covariance ${sum / count}`);
  }
});

Deno.test("Random refuses seeds and paths that are not exact", () => {
  for (const seed of [-1, 0.5, 2 ** 53, NaN, Infinity]) {
    assert.throws(() => new Random(seed), RangeError);
  }
  for (const part of [NaN, Infinity]) assert.throws(() => new Random(1, "x", part), RangeError);
});

Deno.test("Random.float() is uniform on [0, 1) and exact in float32", () => {
  const random = new Random(7, "float");
  const count = 100_000;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const x = random.float();
    if (!(x >= 0 && x < 1) || Math.fround(x) !== x) assert.fail(`${x} is out of range or inexact`);
    sum += x;
    squares += x * x;
  }
  // Moments 1/2 and 1/3, variances 1/12 and 4/45; four standard errors.
  assert.ok(Math.abs(sum / count - 1 / 2) < 4 * Math.sqrt(1 / 12 / count));
  assert.ok(Math.abs(squares / count - 1 / 3) < 4 * Math.sqrt(4 / 45 / count));
});

/** Pearson's statistic of counts against equal expectation. */
function chiSquare(counts: ArrayLike<number>): number {
  const list = Array.from(counts);
  const expected = list.reduce((sum, n) => sum + n, 0) / list.length;
  return list.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

Deno.test("Random.int() is equally likely to give each value", () => {
  // The quantiles at 0.999 of chi-square with 1, 9 and 255 degrees of freedom.
  for (const [n, quantile] of [[2, 10.828], [10, 27.877], [256, 330.52]] as const) {
    const random = new Random(11, "int", n);
    const counts = new Uint32Array(n);
    for (let i = 0; i < 50_000; i++) counts[random.int(n)]! += 1;
    assert.ok(chiSquare(counts) < quantile, `n = ${n}: chi-square ${chiSquare(counts)}`);
  }
});

Deno.test("Random.int() has no bias where n does not divide 2^32", () => {
  // Plain `uint32 % n` would give the lower half of this range twice as often as the upper half.
  const n = 3 * 2 ** 30;
  const random = new Random(3, "bias");
  const counts = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) counts[Math.floor(random.int(n) / 2 ** 30)]! += 1;
  assert.ok(chiSquare(counts) < 13.816, `chi-square ${chiSquare(counts)}`);
});

Deno.test("Random.int() takes bounds from 1 to 2^32 only", () => {
  assert.equal(new Random(1).int(1), 0);
  assert.equal(new Random(1).int(2 ** 32), new Random(1).uint32());
  for (const n of [0, -1, 1.5, 2 ** 32 + 1, NaN]) {
    assert.throws(() => new Random(1).int(n), RangeError);
  }
});

Deno.test("Random.normal() has the moments and tails of the standard normal distribution", () => {
  const random = new Random(13, "normal");
  const count = 100_000;
  const sums = [0, 0, 0, 0];
  let beyondTwo = 0;
  for (let i = 0; i < count; i++) {
    const x = random.normal();
    for (let k = 0; k < 4; k++) sums[k]! += x ** (k + 1);
    if (Math.abs(x) > 2) beyondTwo++;
  }
  // E[x^k] = 0, 1, 0, 3 with variances 1, 2, 15, 96; four standard errors each.
  for (const [k, [mean, variance]] of [[0, 1], [1, 2], [0, 15], [3, 96]].entries()) {
    const error = Math.abs(sums[k]! / count - mean!);
    assert.ok(error < 4 * Math.sqrt(variance! / count), `moment ${k + 1} is off by ${error}`);
  }
  // P(|x| > 2) = erfc(√2).
  const p = 0.0455002639;
  assert.ok(Math.abs(beyondTwo / count - p) < 4 * Math.sqrt(p * (1 - p) / count));
});

Deno.test("Random.normal() pairs are the polar form of two outputs", () => {
  const random = new Random(17, "pair");
  const source = new Random(17, "pair");
  for (let i = 0; i < 100; i++) {
    const [x, y] = [random.normal(), random.normal()];
    const u = (source.uint32() + 1) / 2 ** 32;
    const v = source.uint32() / 2 ** 32;
    assert.ok(Math.abs(Math.exp(-(x * x + y * y) / 2) - u) < 1e-12);
    const turn = Math.atan2(y, x) / (2 * Math.PI);
    assert.ok(Math.abs((turn < 0 ? turn + 1 : turn) - v) < 1e-12);
  }
});

Deno.test("Random.permutation() holds every index once", () => {
  fc.assert(
    fc.property(fc.nat(500), fc.nat(), (n, seed) => {
      const order = new Random(seed, "shuffle").permutation(n);
      assert.deepEqual(
        Array.from(order).sort((a, b) => a - b),
        Array.from({ length: n }, (_, i) => i),
      );
    }),
    { seed: 2, numRuns: 100 },
  );
  assert.throws(() => new Random(1).permutation(-1), RangeError);
});

Deno.test("Random.permutation() gives each order equally often", () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = new Random(19, "order", i).permutation(4).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  // The quantile at 0.999 of chi-square with 23 degrees of freedom.
  assert.ok(chiSquare([...counts.values()]) < 49.728);
});

Deno.test("Random.fillUniform() and fillNormal() scale the draws of the same stream", () => {
  const uniform = new Float32Array(1001);
  new Random(23, "fill").fillUniform(uniform, -0.25, 0.75);
  const draws = new Random(23, "fill");
  assert.deepEqual(uniform, uniform.map(() => draws.float() - 0.25));

  const normal = new Float32Array(1001);
  new Random(23, "fill").fillNormal(normal, 3, 0.5);
  const normals = new Random(23, "fill");
  assert.deepEqual(normal, normal.map(() => 3 + 0.5 * normals.normal()));
});

Deno.test("seek() goes on with the first word of a block", () => {
  const whole = new Random(3, "seek");
  const words = Array.from({ length: 40 }, () => whole.uint32());
  const moved = new Random(3, "seek");
  moved.normal();
  assert.equal(moved.seek(7).uint32(), words[28]);
  assert.equal(moved.seek(0).uint32(), words[0]);
  const [low, high] = moved.stream;
  const far = philox4x32([5, 9, low, high], moved.key);
  assert.equal(moved.seek(9 * 2 ** 32 + 5).uint32(), far[0]);
  for (const block of [-1, 0.5, 2 ** 53]) assert.throws(() => moved.seek(block), RangeError);
});
