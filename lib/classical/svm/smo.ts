/**
 * Sequential minimal optimisation: two variables at a time, the second chosen by second order
 * (Fan, Chen, Lin: *Working set selection using second order information for training support
 * vector machines*, JMLR 6, 2005), in LIBSVM's order of steps and with its rounding.
 *
 * LIBSVM's variables are `α`; here they carry the sign of their class, `β = y α`, which makes one
 * case of its two: minimise `½ βᵀKβ − yᵀβ` where `Σβ = 0` and `0 ≤ yβ ≤ C`.
 *
 * There is no shrinking: on MNIST the loops over all variables take less time than the rows of the
 * kernel, and so the results are those of LIBSVM without it but for the last digits.
 *
 * @module
 */

/** LIBSVM's replacement for a curvature that is not positive. */
const TINY = 1e-12;

/** Two classes to be told apart. */
export interface Problem {
  /** How many rows there are, with at least one of each class. */
  readonly count: number;
  /** How many of them, the first ones, are of the class +1; the others are of the class −1. */
  readonly positives: number;
  /** `K(t, t)` by row. */
  readonly diagonal: Float64Array;
  /** The row of the kernel matrix with this number: valid until two others have been asked for. */
  row(index: number): Float32Array;
}

/** What {@link solve} finds: `f(x) = Σ β K(x_t, x) + intercept` is positive for the class +1. */
export interface Solution {
  /** `y α` by row. */
  readonly beta: Float64Array;
  /** The constant of the decision function. */
  readonly intercept: number;
  /** How many pairs of variables were optimised. */
  readonly iterations: number;
}

/**
 * Solves a problem.
 *
 * @param C The bound of the variables: what an error costs.
 * @param tolerance How far the optimality conditions may be violated.
 */
export function solve(problem: Problem, C: number, tolerance: number): Solution {
  const { count, positives, diagonal } = problem;
  const beta = new Float64Array(count);
  const lowest = new Float64Array(count).fill(-C, positives);
  const highest = new Float64Array(count).fill(C, 0, positives);
  // Kept as bytes, so that the inner loops need not compare each variable with its bounds.
  const canRise = new Uint8Array(count).fill(1, 0, positives);
  const canFall = new Uint8Array(count).fill(1, positives);
  const gradient = new Float64Array(count).fill(1).fill(-1, 0, positives);

  // The variable whose rise gains most, and that gain; of equal ones the last, here and below.
  let rising = positives - 1;
  let gain = 1;
  for (let iterations = 0;; iterations++) {
    const risingRow = problem.row(rising);
    const risingDiagonal = diagonal[rising]!;
    let falling = -1;
    let best = Infinity;
    let fallingGain = -Infinity;
    for (let t = 0; t < count; t++) {
      if (canFall[t] === 0) continue;
      const slope = gradient[t]!;
      if (slope >= fallingGain) fallingGain = slope;
      const both = gain + slope;
      if (both <= 0) continue;
      const curvature = risingDiagonal + diagonal[t]! - 2 * risingRow[t]!;
      const change = -(both * both) / (curvature > 0 ? curvature : TINY);
      if (change <= best) {
        best = change;
        falling = t;
      }
    }
    if (gain + fallingGain < tolerance || falling < 0) {
      return { beta, intercept: -threshold(gradient, canRise, canFall), iterations };
    }

    const fallingRow = problem.row(falling);
    const curvature = risingDiagonal + diagonal[falling]! - 2 * risingRow[falling]!;
    const step = (gradient[falling]! - gradient[rising]!) / (curvature > 0 ? curvature : TINY);
    const oldRising = beta[rising]!;
    const oldFalling = beta[falling]!;
    const sum = oldRising + oldFalling;
    let newRising = oldRising + step;
    let newFalling = oldFalling - step;
    if (newRising > highest[rising]!) {
      newRising = highest[rising]!;
      newFalling = sum - newRising;
    }
    if (newFalling < lowest[falling]!) {
      newFalling = lowest[falling]!;
      newRising = sum - newFalling;
    }
    for (const [t, value] of [[rising, newRising], [falling, newFalling]] as const) {
      beta[t] = value;
      canRise[t] = value < highest[t]! ? 1 : 0;
      canFall[t] = value > lowest[t]! ? 1 : 0;
    }

    const rise = newRising - oldRising;
    const fall = newFalling - oldFalling;
    gain = -Infinity;
    for (let t = 0; t < count; t++) {
      const slope = gradient[t]! + (risingRow[t]! * rise + fallingRow[t]! * fall);
      gradient[t] = slope;
      if (canRise[t] === 1 && -slope >= gain) {
        gain = -slope;
        rising = t;
      }
    }
  }
}

/** The mean slope of the variables between their bounds, or the middle of what the others allow. */
function threshold(gradient: Float64Array, canRise: Uint8Array, canFall: Uint8Array): number {
  let upper = Infinity;
  let lower = -Infinity;
  let sum = 0;
  let free = 0;
  gradient.forEach((slope, t) => {
    if (canFall[t] === 0) upper = Math.min(upper, slope);
    else if (canRise[t] === 0) lower = Math.max(lower, slope);
    else {
      sum += slope;
      free++;
    }
  });
  return free > 0 ? sum / free : (upper + lower) / 2;
}
