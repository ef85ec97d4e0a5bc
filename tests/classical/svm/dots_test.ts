import { DotProducts } from "../../../lib/classical/svm/dots.ts";
import {
  GROUP_ROWS,
  MAX_FEATURES,
  packRows,
  rowBytes,
  unpackRow,
} from "../../../lib/classical/svm/packed.ts";
import { Random } from "../../../lib/random.ts";
import { assert, fc } from "../../deps.ts";
import { randomBytes, seeds } from "./data.ts";

function product(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, j) => sum + value * b[j]!, 0);
}

/** Packs `counts` random rows for each part and checks the products of some queries with all. */
function check(counts: readonly number[], features: number, ink: number, seed: number): void {
  const random = new Random(seed, "dots");
  const dots = new DotProducts();
  const rows = counts.map((count) => randomBytes(count * features, random, ink));
  const rowOf = (part: number, row: number) =>
    rows[part]!.subarray(row * features, (row + 1) * features);
  const parts = counts.map((count, p) => packRows(rows[p]!, features, [...Array(count).keys()]));
  const products = dots.load(parts);
  const query = new Uint8Array(rowBytes(features));
  for (let times = 0; times < 3; times++) {
    const part = random.int(counts.length);
    const row = random.int(counts[part]!);
    unpackRow(parts[part]!, row, query);
    const original = rowOf(part, row);
    assert.deepEqual(query.subarray(0, features), original);
    assert.equal(parts[part]!.norms[row], product(original, original));
    dots.multiply(query);
    const expected = counts.map((count, p) =>
      Int32Array.from({ length: count }, (_, t) => product(original, rowOf(p, t)))
    );
    assert.deepEqual(products, expected);
  }
}

Deno.test("DotProducts multiplies exactly, whatever the sizes", () => {
  const counts = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 3 });
  const features = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(counts, features, fc.double({ min: 0, max: 1, noNaN: true }), seeds, check),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("DotProducts multiplies exactly across groups of rows", () => {
  for (const extra of [-1, 0, 1, 33]) {
    check([2 * GROUP_ROWS + extra, GROUP_ROWS + extra], 5, 0.4, 2);
  }
});

Deno.test("DotProducts does not overflow with the most and the largest features", () => {
  const features = MAX_FEATURES;
  const white = new Uint8Array(features + 1).fill(255, 0, features);
  const packed = packRows(white, features, [0]);
  const dots = new DotProducts();
  const [products] = dots.load([packed]);
  dots.multiply(white);
  assert.equal(products![0], features * 255 ** 2);
  assert.equal(packed.norms[0], features * 255 ** 2);
});

Deno.test("DotProducts takes new rows, more and fewer, and a query without ink", () => {
  const dots = new DotProducts();
  for (const [count, features] of [[3, 4], [900, 300], [2, 6]] as const) {
    const rows = new Uint8Array(count * features).fill(2);
    const [products] = dots.load([packRows(rows, features, [...Array(count).keys()])]);
    dots.multiply(new Uint8Array(features).fill(3));
    assert.deepEqual(products, new Int32Array(count).fill(6 * features));
    dots.multiply(new Uint8Array(features));
    assert.deepEqual(products, new Int32Array(count));
  }
});

Deno.test("packRows() takes the rows in the order of their numbers", () => {
  const packed = packRows(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, [2, 0, 2]);
  const out = new Uint8Array(2);
  const rows = [0, 1, 2].map((row) => {
    unpackRow(packed, row, out);
    return [...out];
  });
  assert.deepEqual(rows, [[5, 6], [1, 2], [5, 6]]);
});
