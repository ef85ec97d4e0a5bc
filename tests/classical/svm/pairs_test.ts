import { classPairs, vote } from "../../../lib/classical/svm/pairs.ts";
import { assert } from "../../deps.ts";

Deno.test("classPairs() counts up the second class first", () => {
  assert.deepEqual(classPairs(4), [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]);
});

Deno.test("vote() gives the class that wins most pairs, and the first of several", () => {
  const of = (...decisions: number[]) =>
    vote(Float64Array.from(decisions), classPairs(3), new Int32Array(3));
  assert.equal(of(1, 1, 1), 0);
  assert.equal(of(-1, 1, 1), 1);
  assert.equal(of(1, -1, -1), 2);
  // Each wins once: 0 against 1, 1 against 2, 2 against 0.
  assert.equal(of(1, -1, 1), 0);
  // Zero and NaN are votes for the second class.
  assert.equal(of(0, 1, 1), 1);
  assert.equal(of(-1, NaN, NaN), 2);
});
