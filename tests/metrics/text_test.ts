import { assert } from "../deps.ts";
import { classificationReport } from "../../lib/metrics/classification.ts";
import { formatConfusionMatrix, formatCounts, formatReport } from "../../lib/metrics/text.ts";
import fixture from "../fixtures/metrics.json" with { type: "json" };

for (const { title, matrix, names, digits, report } of fixture.cases) {
  Deno.test(`formatReport() prints what scikit-learn prints: ${title}`, () => {
    // Where no prediction is right, scikit-learn's counts become floats: "3.0" for 3 images.
    const expected = report.replaceAll(/(\d+)\.0\n/g, "  $1\n");
    assert.equal(formatReport(classificationReport(matrix, names, { digits })), expected);
  });
}

Deno.test("formatConfusionMatrix() aligns columns and shows zeros as dots", () => {
  assert.equal(
    formatConfusionMatrix([[980, 0, 12], [0, 7, 0], [3, 1, 1005]], ["0", "1", "two"]),
    [
      "true \\ predicted    0  1   two",
      "               0  980  .    12",
      "               1    .  7     .",
      "             two    3  1  1005",
      "",
    ].join("\n"),
  );
});

Deno.test("formatConfusionMatrix() heads columns by numbers when the names are long", () => {
  assert.equal(
    formatConfusionMatrix([[5, 1], [0, 6]], ["Ankle boot", "Bag"]),
    [
      "true \\ predicted  0  1",
      "    Ankle boot 0  5  1",
      "           Bag 1  .  6",
      "",
    ].join("\n"),
  );
});

Deno.test("formatConfusionMatrix() refuses a matrix that does not fit the names", () => {
  assert.throws(() => formatConfusionMatrix([[1, 2]], ["a"]), {
    name: "RangeError",
    message: /got 1 x 2 for 1 names/,
  });
});

Deno.test("formatCounts() prints a matrix as NumPy does", () => {
  assert.equal(
    formatCounts([[980, 0, 3], [1, 1135, 0], [7, 8, 9]]),
    "[[ 980    0    3]\n [   1 1135    0]\n [   7    8    9]]",
  );
});
