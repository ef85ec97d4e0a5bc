import { assert, fc } from "../deps.ts";
import { editDistance, nearest } from "../../lib/cli/nearest.ts";

/** The definition of the optimal string alignment distance, written down as it stands. */
function byDefinition(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [x, y] = [a.at(-1), b.at(-1)];
  const swapped = a.length > 1 && b.length > 1 && x === b.at(-2) && a.at(-2) === y;
  return Math.min(
    byDefinition(a.slice(0, -1), b) + 1,
    byDefinition(a, b.slice(0, -1)) + 1,
    byDefinition(a.slice(0, -1), b.slice(0, -1)) + (x === y ? 0 : 1),
    swapped ? byDefinition(a.slice(0, -2), b.slice(0, -2)) + 1 : Infinity,
  );
}

Deno.test("editDistance() of words with a known distance", () => {
  assert.equal(editDistance("kitten", "sitting"), 3);
  assert.equal(editDistance("saturday", "sunday"), 3);
  // The pair on which optimal string alignment and the unrestricted distance (2) part.
  assert.equal(editDistance("ca", "abc"), 3);
  assert.equal(editDistance("minst", "mnist"), 1);
  assert.equal(editDistance("", "abc"), 3);
});

Deno.test("editDistance() agrees with its definition", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
  fc.assert(fc.property(word, word, (a, b) => {
    assert.equal(editDistance(a, b), byDefinition(a, b));
  }));
});

const NAMES = ["epochs", "batch-size", "learning-rate", "seed", "out", "train-size", "test-size"];

Deno.test("nearest() finds a name behind a slip, other marks, or a part of it", () => {
  for (
    const [word, expected] of [
      ["epoch", ["epochs"]],
      ["epcohs", ["epochs"]],
      ["EPOCHS", ["epochs"]],
      ["batchSize", ["batch-size"]],
      ["batch_size", ["batch-size"]],
      ["batch", ["batch-size"]],
      ["rate", ["learning-rate"]],
      ["learn", ["learning-rate"]],
      ["seeed", ["seed"]],
    ] as const
  ) {
    assert.deepEqual(nearest(word, NAMES), expected, word);
  }
});

Deno.test("nearest() gives all names at the same distance", () => {
  assert.deepEqual(nearest("tests-size", ["test-size", "tests-sizes"]), [
    "test-size",
    "tests-sizes",
  ]);
});

Deno.test("nearest() gives nothing when nothing is near", () => {
  for (const word of ["", "x", "-", "zebra", "optimizer", "e".repeat(100_000)]) {
    assert.deepEqual(nearest(word, NAMES), [], word.slice(0, 20));
  }
  assert.deepEqual(nearest("epochs", []), []);
});
