import { type KernelParameters, makeKernel } from "../../../lib/classical/svm/kernel.ts";
import { MAX_FEATURES } from "../../../lib/classical/svm/packed.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";

const DEFAULTS = { kernel: "rbf", gamma: 1, coef0: 0, degree: 3, scale: 1 } as const;

/** The kernel of rows with these products and squared lengths with one of squared length `norm`. */
function values(
  parameters: Partial<KernelParameters>,
  features: number,
  dots: readonly number[],
  norms: readonly number[],
  norm: number,
): Float64Array {
  const out = new Float64Array(dots.length + 1);
  const kernel = makeKernel({ ...DEFAULTS, ...parameters }, features);
  kernel(Int32Array.from(dots), Int32Array.from(norms), norm, out, 1);
  return out.subarray(1);
}

Deno.test("the RBF kernel is exp(−gamma ‖x − y‖²) to a few ulp", () => {
  const features = 784;
  const dots: number[] = [];
  const norms: number[] = [];
  const farthest = features * 255 ** 2;
  const distances = [0, 1, 2, 8191, 8192, 8193, 123_456, 7_654_321, farthest - 1, farthest];
  for (const distance of distances) {
    norms.push(distance);
    dots.push(0);
  }
  for (const gamma of [1e-3, 0.0134, 0.5]) {
    const scale = 1 / 255;
    assertAllClose(
      values({ gamma, scale }, features, dots, norms, 0),
      distances.map((distance) => Math.exp(-gamma * distance * scale ** 2)),
      { rtol: 1e-14, atol: 0 },
    );
  }
});

Deno.test("the RBF kernel of a row with itself is 1, also where sums leave 32 bits", () => {
  const norm = MAX_FEATURES * 255 ** 2;
  assert.deepEqual([...values({ gamma: 3 }, MAX_FEATURES, [norm], [norm], norm)], [1]);
  assert.deepEqual([...values({ gamma: 1e6 }, 1, [0, 4], [4, 4], 4)], [0, 1]);
});

Deno.test("the linear kernel is the scaled product", () => {
  assert.deepEqual(
    [...values({ kernel: "linear", scale: 0.5, gamma: 9 }, 4, [0, 8, 12], [1, 1, 1], 1)],
    [0, 2, 3],
  );
});

Deno.test("the polynomial kernel is (gamma x·y + coef0)^degree", () => {
  const parameters = { kernel: "poly", gamma: 0.5, coef0: -1.5, scale: 0.5 } as const;
  for (const degree of [1, 2, 3, 4, 7, 10]) {
    assertAllClose(
      values({ ...parameters, degree }, 4, [0, 8, 20], [1, 1, 1], 1),
      [0, 8, 20].map((dot) => (0.5 * dot / 4 - 1.5) ** degree),
      { rtol: 1e-14, atol: 0 },
    );
  }
});
