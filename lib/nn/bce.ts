/** Binary cross-entropy, the loss of a discriminator. @module */

import { tf } from "../deps.ts";
import {
  bceWithLogitsGrad,
  bceWithLogitsLoss,
  type BinaryTarget,
} from "../engine/kernels/bce_with_logits.ts";
import { isTaped, toTensor } from "../engine/tape.ts";
import type { Scalar, Tensor } from "../tensor.ts";

/**
 * Mean binary cross-entropy of logits against one target for all of them: `−(1/N) Σ log σ(xᵢ)` for 1,
 * `−(1/N) Σ log(1 − σ(xᵢ))` for 0. Large logits neither overflow nor lose digits.
 *
 * PyTorch's `binary_cross_entropy_with_logits(x, torch.full_like(x, target))`.
 *
 * @param logits Any shape, one value or more.
 * @param target 1 where all should be told as real, 0 where none.
 * @returns A scalar.
 * @throws {RangeError} Without a logit.
 */
export function bceWithLogits(logits: Tensor, target: 0 | 1): Scalar {
  if (logits.size === 0) {
    throw new RangeError(
      `Cannot take the mean loss of logits: there must be one or more, got (${
        logits.shape.join(", ")
      })`,
    );
  }
  const meanLoss = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [Tensor, (tensors: Tensor[]) => void];
    save([x]);
    return {
      value: toTensor(bceWithLogitsLoss(x, target)) as Scalar,
      gradFunc: (dy, saved) => {
        const [x] = saved as [Tensor];
        if (isTaped()) return plainGradient(dy as Tensor, x, target);
        return toTensor(bceWithLogitsGrad(dy as Tensor, x, target));
      },
    };
  });
  return meanLoss(logits) as Scalar;
}

/** `(σ(x) − t) / N`, where the tape can see it. */
function plainGradient(dy: Tensor, x: Tensor, target: BinaryTarget): Tensor {
  return tf.mul(tf.sub(tf.sigmoid(x), target), tf.div(dy, x.size));
}
