/** Comparing arrays of numbers. @module */

import { assert } from "./deps.ts";

/**
 * Asserts that `|actual − expected| ≤ atol + rtol · |expected|` everywhere, NaN equal to NaN; says
 * where it fails worst.
 */
export function assertAllClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-4, atol = 1e-6 }: { rtol?: number; atol?: number } = {},
): void {
  assert.equal(actual.length, expected.length, "the lengths differ");
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (Object.is(a, e) || a === e) continue;
    const excess = Math.abs(a - e) / (atol + rtol * Math.abs(e));
    // The negation also catches a NaN on one side.
    if (!(excess <= 1) && !(excess <= worstExcess)) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (worst >= 0) {
    assert.fail(
      `at ${worst}: got ${actual[worst]}, expected ${expected[worst]} ` +
        `(${worstExcess.toPrecision(3)} times the tolerance of ${atol} + ${rtol} relative)`,
    );
  }
}
