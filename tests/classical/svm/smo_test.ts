import { DotProducts } from "../../../lib/classical/svm/dots.ts";
import { type KernelParameters, makeKernel } from "../../../lib/classical/svm/kernel.ts";
import { packRows } from "../../../lib/classical/svm/packed.ts";
import { KernelRows } from "../../../lib/classical/svm/rows.ts";
import { solve } from "../../../lib/classical/svm/smo.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert, fc } from "../../deps.ts";
import { randomBytes, seeds } from "./data.ts";

const FEATURES = 7;

/** A problem of random rows, and all of its kernel matrix. */
function problem(
  counts: readonly [number, number],
  parameters: Partial<KernelParameters>,
  seed: number,
  memory = Infinity,
) {
  const random = new Random(seed, "problem");
  const [first, second] = counts.map((count) =>
    packRows(randomBytes(count * FEATURES, random), FEATURES, [...Array(count).keys()])
  );
  const kernel = makeKernel(
    { kernel: "rbf", gamma: 1, coef0: 1, degree: 2, scale: 1 / 255, ...parameters },
    FEATURES,
  );
  const rows = new KernelRows(first!, second!, kernel, new DotProducts(), memory);
  const matrix = Array.from({ length: rows.count }, (_, t) => rows.row(t).slice());
  return {
    count: rows.count,
    positives: counts[0],
    diagonal: rows.diagonal,
    row: (index: number) => rows.row(index),
    matrix,
  };
}

const kernels = fc.constantFrom("rbf" as const, "linear" as const, "poly" as const);
const counts = fc.tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }));

Deno.test("solve() ends where the Karush-Kuhn-Tucker conditions hold within the tolerance", () => {
  fc.assert(
    fc.property(
      counts,
      kernels,
      fc.constantFrom(0.01, 1, 100),
      fc.constantFrom(1e-1, 1e-3, 1e-6),
      seeds,
      (counts, kernel, C, tolerance, seed) => {
        const { matrix, ...rest } = problem(counts, { kernel }, seed);
        const { beta, intercept } = solve(rest, C, tolerance);
        let sum = 0;
        let rise = -Infinity;
        let fall = -Infinity;
        beta.forEach((value, t) => {
          const sign = t < counts[0] ? 1 : -1;
          const alpha = sign * value;
          assert.ok(alpha >= 0 && alpha <= C, `alpha ${alpha}`);
          sum += value;
          const f = matrix[t]!.reduce((sum, k, s) => sum + k * beta[s]!, 0);
          if (sign > 0 ? alpha < C : alpha > 0) rise = Math.max(rise, sign - f);
          if (sign > 0 ? alpha > 0 : alpha < C) fall = Math.max(fall, f - sign);
          // The same conditions as LIBSVM's manual states them, by the margin.
          const margin = sign * (f + intercept);
          if (alpha < C) assert.ok(margin >= 1 - tolerance - 1e-9, `margin ${margin}`);
          if (alpha > 0) assert.ok(margin <= 1 + tolerance + 1e-9, `margin ${margin}`);
        });
        assert.ok(Math.abs(sum) < 1e-12 * C * beta.length, `sum ${sum}`);
        assert.ok(rise + fall < tolerance + 1e-9, `violation ${rise + fall}`);
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("solve() finds the widest margin between two points", () => {
  // Rows 0 and 4 on a line: w = 2/4, f(x) = (4 − 2 x) / 4 for the first class at 0.
  const dots = [[0, 0], [0, 16]];
  const { beta, intercept } = solve(
    {
      count: 2,
      positives: 1,
      diagonal: Float64Array.of(0, 16),
      row: (index) => Float32Array.from(dots[index]!),
    },
    10,
    1e-9,
  );
  assert.deepEqual([...beta], [0.125, -0.125]);
  assert.equal(intercept, 1);
});

Deno.test("solve() copes with rows that are equal and of both classes", () => {
  const { beta, intercept } = solve(
    {
      count: 4,
      positives: 2,
      diagonal: new Float64Array(4).fill(1),
      row: () => new Float32Array(4).fill(1),
    },
    2,
    1e-3,
  );
  assert.deepEqual([...beta], [2, 2, -2, -2]);
  assert.equal(intercept, -0);
});

Deno.test("KernelRows gives the same rows, and solve() the same bits, whatever is kept", () => {
  const roomy = problem([30, 20], {}, 5);
  const tight = problem([30, 20], {}, 5, 0);
  assert.deepEqual(tight.matrix, roomy.matrix);
  assert.deepEqual(solve(tight, 1, 1e-6), solve(roomy, 1, 1e-6));
});

Deno.test("KernelRows leaves a row as it is while one other is asked for", () => {
  const { row, matrix } = problem([30, 20], {}, 6, 0);
  const first = row(3);
  row(40);
  assert.deepEqual(first, matrix[3]);
  assert.deepEqual(row(3), matrix[3]);
});

Deno.test("KernelRows is symmetric and has the diagonal unrounded", () => {
  for (const kernel of ["rbf", "linear", "poly"] as const) {
    const { matrix, diagonal, count } = problem([9, 8], { kernel }, 7);
    for (let s = 0; s < count; s++) {
      for (let t = 0; t < count; t++) assert.equal(matrix[s]![t], matrix[t]![s]);
    }
    assertAllClose(diagonal, matrix.map((row, t) => row[t]!), { rtol: 1e-7, atol: 0 });
  }
});
