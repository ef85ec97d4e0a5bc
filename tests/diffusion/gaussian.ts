/** Data from a normal distribution, where the best prediction is known in closed form. @module */

import { tf } from "../../lib/deps.ts";
import type { Denoiser } from "../../lib/diffusion/guidance.ts";
import { convertPrediction, type Prediction } from "../../lib/diffusion/prediction.ts";
import type { NoiseLevel, NoiseSchedule } from "../../lib/diffusion/schedule.ts";
import type { Tensor1D } from "../../lib/tensor.ts";

/** Every value of an image is from `N(MEAN, STD²)`, on its own. */
export const MEAN = 0.4;
/** The standard deviation. */
export const STD = 0.5;

/** `[a, b]` of the best prediction `a x + b`: what is expected given `x`. */
export function bestPrediction(
  prediction: Prediction,
  level: NoiseLevel,
): readonly [slope: number, offset: number] {
  const { alpha, sigma } = level;
  const slope = alpha * STD ** 2 / (alpha ** 2 * STD ** 2 + sigma ** 2);
  const [onX, onX0] = convertPrediction("x0", prediction, level);
  return [onX + onX0 * slope, onX0 * MEAN * (1 - slope * alpha)];
}

/** A network that makes the best prediction at every timestep of `schedule`. */
export function bestDenoiser(schedule: NoiseSchedule, prediction: Prediction): Denoiser {
  const lines = Array.from(
    schedule.betas,
    (_, t) => [...bestPrediction(prediction, schedule.level(t))],
  );
  const table = tf.tidy(() => tf.keep(tf.tensor2d(lines)));
  return (x, t) => {
    const [slope, offset] = tf.split(tf.gather(table, tf.cast(t, "int32")), 2, 1);
    return tf.add(tf.mul(x, column(slope!)), column(offset!));
  };
}

/** The same for a rectified flow. */
export const bestVelocity: Denoiser = (x, t) => {
  const time = column(tf.div(t, 1000));
  const left = tf.sub(1, time);
  const variance = tf.add(tf.mul(tf.square(left), STD ** 2), tf.square(time));
  const slope = tf.div(tf.sub(time, tf.mul(left, STD ** 2)), variance);
  return tf.sub(tf.mul(slope, tf.sub(x, tf.mul(left, MEAN))), MEAN);
};

/** Where the probability flow takes `x` from `level`: the same quantile of the data. */
export function flowOf(x: number, { alpha, sigma }: NoiseLevel): number {
  return MEAN + STD * (x - alpha * MEAN) / Math.hypot(alpha * STD, sigma);
}

function column(values: { reshape: Tensor1D["reshape"] }) {
  return values.reshape([-1, 1, 1, 1]);
}
