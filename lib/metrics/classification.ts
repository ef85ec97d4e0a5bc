/**
 * How well a classifier does, counted: the confusion matrix and the precision, recall and F1 score
 * of each class, after the definitions of scikit-learn's `sklearn.metrics`.
 *
 * A ratio whose denominator is zero (a class that was never predicted, or never occurred) counts
 * as 0, as scikit-learn does with `zero_division=0`.
 *
 * @module
 */

/** Counts by class: row = true class, column = predicted class, shape `(classes, classes)`. */
export type ConfusionMatrix = readonly (readonly number[])[];

/** The scores of one class, or an average over classes. */
export interface ClassScores {
  /** Of the images given this class, the part that has it: `tp / (tp + fp)`. */
  readonly precision: number;
  /** Of the images that have this class, the part that was given it: `tp / (tp + fn)`. */
  readonly recall: number;
  /** The harmonic mean of both: `2 tp / (2 tp + fp + fn)`. */
  readonly f1: number;
  /** How many images have this class; for an average, how many images there are. */
  readonly support: number;
}

/** The scores of one class with its name. */
export interface NamedScores extends ClassScores {
  /** The name of the class. */
  readonly name: string;
}

/** What {@link classificationReport} finds out. */
export interface ClassificationReport {
  /** The scores of each class, by class number. */
  readonly classes: readonly NamedScores[];
  /** The part of all images that were given their true class, `0..1`. */
  readonly accuracy: number;
  /** The mean over classes, each class counting the same. */
  readonly macro: ClassScores;
  /** The mean over classes, each class counting by its support. */
  readonly weighted: ClassScores;
  /** How many decimals the printed report has. */
  readonly digits: number;
}

/** The options of {@link classificationReport}. */
export interface ClassificationReportOptions {
  /**
   * How many decimals the printed report has, `0..20`.
   *
   * @default {2}
   */
  readonly digits?: number;
}

/**
 * Counts how often each class was taken for each class.
 *
 * @param truth The true class numbers, shape `(n)`, integers in `0..classes - 1`.
 * @param predicted The predicted class numbers, of the same shape and range.
 * @param classes How many classes there are.
 * @returns The counts: `matrix[t][p]` images of class `t` were given class `p`.
 * @throws {RangeError} When the lengths differ or a label is not a class number.
 */
export function confusionMatrix(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new RangeError(
      `Cannot count confusions: classes must be a positive integer, got ${classes}.`,
    );
  }
  if (truth.length !== predicted.length) {
    throw new RangeError(
      "Cannot count confusions: each image needs one true and one predicted class, " +
        `got ${truth.length} true and ${predicted.length} predicted.`,
    );
  }
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < truth.length; i++) {
    const row = matrix[classAt(truth, i, classes, "true")]!;
    row[classAt(predicted, i, classes, "predicted")]! += 1;
  }
  return matrix;
}

/**
 * Scores each class of a confusion matrix, and all of them together.
 *
 * @param matrix The counts, see {@link confusionMatrix}.
 * @param classNames The name of each class, by class number.
 * @param options See {@link ClassificationReportOptions}.
 * @throws {RangeError} When the matrix is not square, has another size than `classNames`, or
 * `digits` is not an integer in `0..20`.
 */
export function classificationReport(
  matrix: ConfusionMatrix,
  classNames: readonly string[],
  options: ClassificationReportOptions = {},
): ClassificationReport {
  const { digits = 2 } = options;
  checkMatrix(matrix, classNames);
  if (!Number.isInteger(digits) || digits < 0 || digits > 20) {
    throw new RangeError(
      `Cannot report on the classes: digits must be an integer in 0..20, got ${digits}.`,
    );
  }
  const classes = matrix.map((row, c): NamedScores => {
    const hits = row[c]!;
    const support = sum(row);
    const predicted = sum(matrix.map((other) => other[c]!));
    return {
      name: classNames[c]!,
      precision: ratio(hits, predicted),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, support + predicted),
      support,
    };
  });
  const total = sum(classes.map((c) => c.support));
  return {
    classes,
    accuracy: ratio(sum(matrix.map((row, c) => row[c]!)), total),
    macro: average(classes, () => 1, total),
    weighted: average(classes, (c) => c.support, total),
    digits,
  };
}

/** Throws a RangeError unless the matrix is square and has one row per name. */
export function checkMatrix(matrix: ConfusionMatrix, classNames: readonly string[]): void {
  const size = classNames.length;
  if (size === 0 || matrix.length !== size || matrix.some((row) => row.length !== size)) {
    const shape = `${matrix.length} x ${matrix[0]?.length ?? 0}`;
    throw new RangeError(
      "Cannot read the confusion matrix: it must have one row and one column per class name, " +
        `got ${shape} for ${size} names.`,
    );
  }
}

function classAt(labels: ArrayLike<number>, i: number, classes: number, kind: string): number {
  const label = labels[i]!;
  if (!Number.isInteger(label) || label < 0 || label >= classes) {
    throw new RangeError(
      `Cannot count confusions: a ${kind} class must be an integer in 0..${classes - 1}, ` +
        `got ${label} at index ${i}.`,
    );
  }
  return label;
}

function average(
  classes: readonly ClassScores[],
  weightOf: (scores: ClassScores) => number,
  support: number,
): ClassScores {
  const total = sum(classes.map(weightOf));
  const mean = (value: (scores: ClassScores) => number) =>
    ratio(sum(classes.map((c) => value(c) * weightOf(c))), total);
  return {
    precision: mean((c) => c.precision),
    recall: mean((c) => c.recall),
    f1: mean((c) => c.f1),
    support,
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
