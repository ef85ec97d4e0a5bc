/** Loss functions, reduced to their mean. @module */

import { tf } from "../deps.ts";
import {
  softmaxCrossEntropy,
  softmaxCrossEntropyGrad,
} from "../engine/kernels/softmax_cross_entropy.ts";
import { isTaped, toTensor } from "../engine/tape.ts";
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
 * @param labels Class numbers, `(N)`, int32. One that is no class makes the loss NaN.
 * @param options Label smoothing (Szegedy et al. 2016, <https://arxiv.org/abs/1512.00567>).
 * @returns A scalar.
 */
export function crossEntropy(
  logits: Tensor,
  labels: Tensor,
  options: CrossEntropyOptions = {},
): Scalar {
  const { labelSmoothing = 0 } = options;
  const classNumbers: Tensor = tf.cast(labels, "int32");
  const meanLoss = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [Tensor, (tensors: Tensor[]) => void];
    save([x, classNumbers]);
    return {
      value: toTensor(softmaxCrossEntropy(x, classNumbers, labelSmoothing)) as Scalar,
      gradFunc: (dy, saved) => {
        const [x, labels] = saved as [Tensor, Tensor];
        if (isTaped()) return plainGradient(dy as Tensor, x, labels, labelSmoothing);
        return toTensor(softmaxCrossEntropyGrad(dy as Tensor, x, labels, labelSmoothing));
      },
    };
  });
  return meanLoss(logits) as Scalar;
}

/** `(softmax(x) − t) / N`, where the tape can see it. */
function plainGradient(dy: Tensor, x: Tensor, labels: Tensor, labelSmoothing: number): Tensor {
  const [count, classes] = x.shape as [number, number];
  const own = tf.oneHot(labels, classes, 1, 0, "float32");
  const target = tf.add(tf.mul(own, 1 - labelSmoothing), labelSmoothing / classes);
  return tf.mul(tf.sub(tf.softmax(x), target), tf.div(dy, count));
}

/** Mean squared error over all values; `prediction` and `target` have one shape. */
export function mseLoss(prediction: Tensor, target: Tensor): Scalar {
  return tf.mean(tf.square(tf.sub(prediction, target))) as Scalar;
}

/** Mean absolute error over all values; `prediction` and `target` have one shape. */
export function l1Loss(prediction: Tensor, target: Tensor): Scalar {
  return tf.mean(tf.abs(tf.sub(prediction, target))) as Scalar;
}
