/**
 * What all samplers have in common: a plan of network evaluations.
 *
 * Every sampler here moves `x` by sums of things at hand: after the network has been asked at `x`, and
 * its answer turned into a prediction of `x_0`, the next `x` is `a x + b x_0 + c m + d z`, with `m` a
 * memory of earlier evaluations and `z` fresh noise. So a sampler is a list of factors, made on the CPU
 * in float64; one kernel carries all of them out, and looks up the factors by the step's number.
 *
 * @module
 */

import { convertPrediction, type Prediction } from "../prediction.ts";
import type { NoiseLevel } from "../schedule.ts";

/** One evaluation of the network and what follows from it. */
export interface Evaluation {
  /** The time that the network is told. */
  readonly t: number;
  /** Shares of image and noise in `x`. */
  readonly level: NoiseLevel;
  /** The factors of `x` and of the network's answer that give `x_0`. */
  readonly x0: readonly [x: number, prediction: number];
  /** The factors that give the next `x`. */
  readonly next: {
    /** Of `x`. */
    readonly x: number;
    /** Of the predicted `x_0`. */
    readonly x0: number;
    /** Of the memory as earlier evaluations left it. @default 0 */
    readonly memory?: number;
    /** Of fresh noise. @default 0 */
    readonly noise?: number;
  };
  /** The factors that give the memory for the evaluations to come. @default it becomes 0 */
  readonly memory?: {
    /** Of `x`. */
    readonly x: number;
    /** Of the predicted `x_0`. */
    readonly x0: number;
  };
}

/** The evaluations that turn noise into an image, in order. */
export type SamplerPlan = readonly Evaluation[];

/** The part of an {@link Evaluation} that follows from where it is. */
export function evaluateAt(
  t: number,
  level: NoiseLevel,
  prediction: Prediction,
): Pick<Evaluation, "t" | "level" | "x0"> {
  return { t, level, x0: convertPrediction(prediction, "x0", level) };
}

/**
 * The number of evaluations after which to look at `x`, for `count` frames evenly spaced in time: 0
 * first, all of them last; a single frame is the last. Fewer frames where a plan has too few evaluations.
 */
export function framesOf(plan: SamplerPlan, count: number): number[] {
  // Before the network is asked again, and 0 when all is done.
  const times = [...plan.map(({ t }) => t), 0];
  const places = Array.from({ length: count }, (_, frame) => {
    const wanted = times[0]! * (count - 1 - frame) / Math.max(1, count - 1);
    return times.findLastIndex((time) => time >= wanted);
  });
  return [...new Set(places)];
}
