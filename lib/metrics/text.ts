/**
 * Classification results as text for a terminal or a log file.
 *
 * @module
 */

import { checkMatrix, type ClassificationReport, type ConfusionMatrix } from "./classification.ts";

/** The width of a number column of scikit-learn's report. */
const COLUMN = 9;

/** The longest heading of the summary lines, which the first column has room for at least. */
const LONGEST_HEADING = "weighted avg";

/**
 * Prints a report in the layout of scikit-learn's `classification_report`, character for character,
 * with the line feed at its end.
 *
 * The line of the overall score is always called `accuracy`. (Given the argument `labels` with a
 * class that occurs nowhere, scikit-learn calls the same number `micro avg`. Where not one
 * prediction is right, its counts turn into floats, `3.0`; here they stay integers.)
 */
export function formatReport(report: ClassificationReport): string {
  const { classes, accuracy, macro, weighted, digits } = report;
  const width = Math.max(LONGEST_HEADING.length, digits, ...classes.map((c) => length(c.name)));
  const line = (heading: string, cells: readonly string[]) =>
    `${pad(heading, width)} ${cells.map((cell) => ` ${pad(cell, COLUMN)}`).join("")}\n`;
  const score = (value: number) => toFixedHalfEven(value, digits);
  const row = (heading: string, scores: typeof macro) =>
    line(heading, [
      score(scores.precision),
      score(scores.recall),
      score(scores.f1),
      String(scores.support),
    ]);

  return [
    line("", ["precision", "recall", "f1-score", "support"]),
    "\n",
    ...classes.map((c) => row(c.name, c)),
    "\n",
    line("accuracy", ["", "", score(accuracy), String(macro.support)]),
    row("macro avg", macro),
    row(LONGEST_HEADING, weighted),
  ].join("");
}

/**
 * Prints a confusion matrix as aligned columns: a row for each true class, a column for each
 * predicted one, `.` for zero so that the mistakes stand out.
 *
 * Columns are headed by the class numbers when the names would make the table wide; the rows then
 * show number and name.
 *
 * @throws {RangeError} When the matrix is not square or has another size than `classNames`.
 */
export function formatConfusionMatrix(
  matrix: ConfusionMatrix,
  classNames: readonly string[],
): string {
  checkMatrix(matrix, classNames);
  const numbered = classNames.some((name) => length(name) > 6);
  const columns = numbered ? classNames.map((_, c) => String(c)) : classNames;
  const rows = numbered ? classNames.map((name, c) => `${name} ${c}`) : classNames;
  const cells = matrix.map((row) => row.map((count) => count === 0 ? "." : String(count)));

  const corner = "true \\ predicted";
  const first = Math.max(corner.length, ...rows.map(length));
  const widths = columns.map((name, c) =>
    Math.max(length(name), ...cells.map((row) => row[c]!.length))
  );
  const line = (heading: string, values: readonly string[]) =>
    [pad(heading, first), ...values.map((value, c) => pad(value, widths[c]!))].join("  ") + "\n";
  return line(corner, columns) + cells.map((row, r) => line(rows[r]!, row)).join("");
}

/**
 * Prints a confusion matrix as scikit-learn's examples do, in the layout of a NumPy array: a row for
 * each true class, the counts alone and aligned, without a line feed at the end.
 */
export function formatCounts(matrix: ConfusionMatrix): string {
  const width = Math.max(...matrix.flat().map((count) => String(count).length));
  const rows = matrix.map((row) =>
    `[${row.map((count) => String(count).padStart(width)).join(" ")}]`
  );
  return `[${rows.join("\n ")}]`;
}

/**
 * Like `toFixed()`, but an exact tie goes to the even digit, as in C and Python: 0.125 becomes
 * `"0.12"`, where `toFixed(2)` says `"0.13"`.
 */
function toFixedHalfEven(value: number, digits: number): string {
  // Only a dyadic fraction can be a tie: an odd multiple of 2^-(digits + 1). The product is exact.
  const tie = Math.abs((value * 2 ** (digits + 1)) % 2) === 1;
  if (!tie) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below + below % 2) / 10 ** digits).toFixed(digits);
}

function length(text: string): number {
  return [...text].length;
}

/** Right-aligns by code points, as Python counts them; `padStart()` counts UTF-16 units. */
function pad(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - length(text))) + text;
}
