/**
 * What a network predicts, and how one prediction is turned into another.
 *
 * With `x = α x_0 + σ ε`, every prediction is a sum `c x_0 + d ε`; so from `x` and one of them follow
 * all others, by two equations with two unknowns.
 *
 * @module
 */

import type { NoiseLevel, NoiseSchedule } from "./schedule.ts";

/**
 * What a network predicts:
 *
 * - `epsilon`: the noise (Ho et al. 2020, <https://arxiv.org/abs/2006.11239>);
 * - `v`: `α ε − σ x_0` (Salimans, Ho 2022, <https://arxiv.org/abs/2202.00512>);
 * - `x0`: the image;
 * - `velocity`: `ε − x_0`, the direction of a rectified flow from image to noise (Liu, Gong, Liu
 *   2022, <https://arxiv.org/abs/2209.03003>, whose time runs the other way).
 */
export type Prediction = "epsilon" | "v" | "x0" | "velocity";

/** `[c, d]` of `c x_0 + d ε`, what a network that predicts `prediction` is trained to give. */
export function targetOf(
  prediction: Prediction,
  { alpha, sigma }: NoiseLevel,
): readonly [x0: number, epsilon: number] {
  switch (prediction) {
    case "epsilon":
      return [0, 1];
    case "v":
      return [-sigma, alpha];
    case "x0":
      return [1, 0];
    case "velocity":
      return [-1, 1];
  }
}

/**
 * How the prediction `to` follows from `x` and the prediction `from`.
 *
 * @returns The factors of `x` and of `from`, whose sum of products is `to`.
 * @throws {RangeError} When `from` says nothing about `to` at this level: `epsilon` where no signal is
 *   left, `x0` where no noise is there.
 */
export function convertPrediction(
  from: Prediction,
  to: Prediction,
  level: NoiseLevel,
): readonly [x: number, from: number] {
  const { alpha, sigma } = level;
  if (from === to) return [0, 1];
  const [c, d] = targetOf(from, level);
  const [toX0, toEpsilon] = targetOf(to, level);
  const determinant = alpha * d - sigma * c;
  if (determinant === 0) {
    throw new RangeError(
      `Cannot find ${to} from ${from}: x must hold ${from === "x0" ? "noise" : "signal"}, got ` +
        `x = ${alpha} x0 + ${sigma} epsilon. Predict v instead.`,
    );
  }
  return [
    (toX0 * d - toEpsilon * c) / determinant,
    (toEpsilon * alpha - toX0 * sigma) / determinant,
  ];
}

/**
 * Weights of the squared error of `prediction` at each timestep, by which every prediction has the
 * loss of `x_0` weighted with `min(SNR, γ)`: `min(SNR, γ) / SNR` for `epsilon`, `/ (SNR + 1)` for `v`,
 * and `/ (√SNR + 1)²` for `velocity`. Where no signal is left, all but `epsilon` have weight 0.
 *
 * Reference: Hang et al. 2023, <https://arxiv.org/abs/2303.09556>.
 *
 * @param schedule The noise schedule.
 * @param prediction What the network predicts.
 * @param gamma `γ`. @default 5, the paper's
 */
export function minSnrWeights(
  { snr }: NoiseSchedule,
  prediction: Prediction,
  gamma: number = 5,
): Float64Array {
  return snr.map((ratio) => {
    const capped = Math.min(ratio, gamma);
    switch (prediction) {
      case "epsilon":
        return ratio <= gamma ? 1 : gamma / ratio;
      case "v":
        return capped / (ratio + 1);
      case "x0":
        return capped;
      case "velocity":
        return capped / (Math.sqrt(ratio) + 1) ** 2;
    }
  });
}
