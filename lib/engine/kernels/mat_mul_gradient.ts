/**
 * The gradient of `tf.matMul`. tfjs's own forgets that outer axes may have been broadcast, and is
 * refused for its shape then.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { Tensor } from "../../tensor.ts";
import { unbroadcast } from "./broadcast.ts";

/**
 * With `G = dY`: `dA = G Bᵀ` and `dB = Aᵀ G`, either transposed where its side was. Made of products
 * itself, so that it can be differentiated again.
 */
export const matMulGradient: tf.GradConfig = {
  kernelName: "BatchMatMul",
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, attrs) => {
    const [a, b] = saved as [Tensor, Tensor];
    const g = dy as Tensor;
    const { transposeA, transposeB } = attrs as unknown as tf.BatchMatMulAttrs;
    const ofA = () =>
      transposeA ? tf.matMul(b, g, transposeB, true) : tf.matMul(g, b, false, !transposeB);
    const ofB = () =>
      transposeB ? tf.matMul(g, a, true, transposeA) : tf.matMul(a, g, !transposeA, false);
    return { a: () => unbroadcast(ofA(), a.shape), b: () => unbroadcast(ofB(), b.shape) };
  },
};
