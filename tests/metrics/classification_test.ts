import { assert, fc } from "../deps.ts";
import { classificationReport, confusionMatrix } from "../../lib/metrics/classification.ts";
import type { ClassScores } from "../../lib/metrics/classification.ts";
import fixture from "../fixtures/metrics.json" with { type: "json" };

const SCORES = ["precision", "recall", "f1"] as const;

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12, `${actual} is not ${expected}`);
}

for (const { title, truth, predicted, names, matrix, accuracy, scores } of fixture.cases) {
  Deno.test(`confusionMatrix() counts as scikit-learn does: ${title}`, () => {
    assert.deepEqual(confusionMatrix(truth, predicted, names.length), matrix);
  });

  Deno.test(`classificationReport() agrees with scikit-learn: ${title}`, () => {
    const report = classificationReport(matrix, names);
    assertClose(report.accuracy, accuracy);
    assert.equal(report.macro.support, truth.length);
    SCORES.forEach((score, s) => {
      report.classes.forEach((c, i) => assertClose(c[score], scores.classes[s]![i]!));
      assertClose(report.macro[score], scores.macro[s]!);
      assertClose(report.weighted[score], scores.weighted[s]!);
    });
    report.classes.forEach((c, i) => {
      assert.equal(c.name, names[i]);
      assert.equal(c.support, truth.filter((label) => label === i).length);
    });
  });
}

Deno.test("confusionMatrix() takes typed arrays and keeps classes that never occur", () => {
  const matrix = confusionMatrix(Uint8Array.of(0, 2), Int32Array.of(2, 2), 4);
  assert.deepEqual(matrix, [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]);
});

Deno.test("confusionMatrix() refuses lengths that differ", () => {
  assert.throws(() => confusionMatrix([0, 1], [0], 2), {
    name: "RangeError",
    message: /got 2 true and 1 predicted/,
  });
});

Deno.test("confusionMatrix() refuses what is not a class number", () => {
  for (const bad of [-1, 3, 0.5, NaN]) {
    assert.throws(() => confusionMatrix([0, bad], [0, 0], 3), {
      name: "RangeError",
      message: new RegExp(`true class must be an integer in 0\\.\\.2, got ${bad} at index 1`),
    });
    assert.throws(() => confusionMatrix([0, 0], [0, bad], 3), { message: /predicted class/ });
  }
  assert.throws(() => confusionMatrix([], [], 0), RangeError);
});

Deno.test("classificationReport() scores no images as 0, not as NaN", () => {
  const { accuracy, macro, weighted } = classificationReport([[0, 0], [0, 0]], ["a", "b"]);
  const zero: ClassScores = { precision: 0, recall: 0, f1: 0, support: 0 };
  assert.deepEqual({ accuracy, macro, weighted }, { accuracy: 0, macro: zero, weighted: zero });
});

Deno.test("classificationReport() refuses names that do not fit and odd digits", () => {
  assert.throws(() => classificationReport([[1, 0], [0, 1]], ["a"]), RangeError);
  assert.throws(() => classificationReport([[1, 0], [0]], ["a", "b"]), RangeError);
  assert.throws(() => classificationReport([], []), RangeError);
  assert.throws(() => classificationReport([[1]], ["a"], { digits: 21 }), RangeError);
  assert.throws(() => classificationReport([[1]], ["a"], { digits: 1.5 }), RangeError);
});

Deno.test("classificationReport() keeps scores in 0..1, weighted recall at accuracy", () => {
  const square = fc.integer({ min: 1, max: 5 }).chain((n) => {
    const row = fc.array(fc.nat(1000), { minLength: n, maxLength: n });
    return fc.array(row, { minLength: n, maxLength: n });
  });
  fc.assert(fc.property(square, (matrix) => {
    const report = classificationReport(matrix, matrix.map((_, c) => `class ${c}`));
    for (const scores of [...report.classes, report.macro, report.weighted]) {
      for (const score of SCORES) assert.ok(scores[score] >= 0 && scores[score] <= 1 + 1e-12);
    }
    assertClose(report.weighted.recall, report.accuracy);
  }));
});
