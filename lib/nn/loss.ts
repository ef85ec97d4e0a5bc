/** Loss functions, reduced to their mean. @module */

import { tf } from "../deps.ts";

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
  logits: tf.Tensor,
  labels: tf.Tensor,
  options: CrossEntropyOptions = {},
): tf.Scalar {
  const { labelSmoothing = 0 } = options;
  const [count, classes] = logits.shape as [number, number];
  let target: tf.Tensor = tf.oneHot(tf.cast(labels, "int32"), classes, 1, 0, "float32");
  if (labelSmoothing > 0) {
    target = tf.add(tf.mul(target, 1 - labelSmoothing), labelSmoothing / classes);
  }
  // The gradient, (softmax − target) / N, is written out: the tape's own goes through every step of
  // the logarithm of a sum of exponentials.
  const meanLoss = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, (tensors: tf.Tensor[]) => void];
    const logProbabilities = tf.logSoftmax(x);
    save([logProbabilities]);
    return {
      value: tf.mul(tf.sum(tf.mul(target, logProbabilities)), -1 / count) as tf.Scalar,
      gradFunc: (dy, saved) => {
        const difference = tf.sub(tf.exp((saved as tf.Tensor[])[0]!), target);
        return tf.mul(tf.mul(difference, 1 / count), dy as tf.Tensor);
      },
    };
  });
  return meanLoss(logits) as tf.Scalar;
}

/** Mean squared error over all values; `prediction` and `target` have one shape. */
export function mseLoss(prediction: tf.Tensor, target: tf.Tensor): tf.Scalar {
  return tf.mean(tf.square(tf.sub(prediction, target))) as tf.Scalar;
}

/** Mean absolute error over all values; `prediction` and `target` have one shape. */
export function l1Loss(prediction: tf.Tensor, target: tf.Tensor): tf.Scalar {
  return tf.mean(tf.abs(tf.sub(prediction, target))) as tf.Scalar;
}
