/** Loss functions, reduced to their mean. @module */

import { tf } from "../deps.ts";
import type { Scalar, Tensor } from "../tensor.ts";

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Share of the target that is spread evenly over all classes, in [0, 1). @default 0 */
  readonly labelSmoothing?: number;
}

/**
 * Mean cross-entropy `−(1/N) Σ tᵢ · log softmax(xᵢ)`.
 *
 * @param logits `(N, classes)`.
 * @param labels Class numbers, `(N)`, int32.
 * @param options Label smoothing (Szegedy et al. 2016, <https://arxiv.org/abs/1512.00567>).
 * @returns A scalar.
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  options: CrossEntropyOptions = {},
): Scalar {
  const { labelSmoothing = 0 } = options;
  const [count, classes] = logits.shape as [number, number];
  let target: Tensor = tf.oneHot(tf.cast(labels, "int32"), classes, 1, 0, "float32");
  if (labelSmoothing > 0) {
    target = tf.add(tf.mul(target, 1 - labelSmoothing), labelSmoothing / classes);
  }
  // The gradient, (softmax − target) / N, is written out: the tape's own goes through every step of
  // the logarithm of a sum of exponentials.
  const meanLoss = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [Tensor, (tensors: Tensor[]) => void];
    const logProbabilities = tf.logSoftmax(x);
    save([logProbabilities, target]);
    return {
      value: tf.mul(tf.sum(tf.mul(target, logProbabilities)), -1 / count) as Scalar,
      gradFunc: (dy, saved) => {
        const [savedLog, savedTarget] = saved as [Tensor, Tensor];
        const difference = tf.sub(tf.exp(savedLog), savedTarget);
        return tf.mul(tf.mul(difference, 1 / count), dy as Tensor);
      },
    };
  });
  return meanLoss(logits) as Scalar;
}

/** Mean squared error over all values; `prediction` and `target` have one shape. */
export function mseLoss(prediction: Tensor, target: Tensor): Scalar {
  return tf.mean(tf.square(tf.sub(prediction, target))) as Scalar;
}

/** Mean absolute error over all values; `prediction` and `target` have one shape. */
export function l1Loss(prediction: Tensor, target: Tensor): Scalar {
  return tf.mean(tf.abs(tf.sub(prediction, target))) as Scalar;
}
