/** Running tfjs as it comes, and running single operations over and over. @module */

import { tf } from "../deps.ts";
import { collectIfDue } from "../engine/collect.ts";
import { registerKernels, useStockKernels } from "../engine/kernels/mod.ts";
import type { Tensor } from "../tensor.ts";
import { gpuDone, type Work } from "./stopwatch.ts";

/** `work` with tfjs's own kernels and its own choice of what to compute on the CPU. */
export function onStock(work: Work): Work {
  return async (times) => {
    const forward = tf.env().getBool("WEBGPU_CPU_FORWARD");
    useStockKernels();
    tf.env().set("WEBGPU_CPU_FORWARD", true);
    try {
      await work(times);
    } finally {
      registerKernels();
      tf.env().set("WEBGPU_CPU_FORWARD", forward);
    }
  };
}

/**
 * Calls `operation` over and over; what it returns is freed. The garbage is collected by count, as
 * in an eager training loop, without which stock tfjs does not live through a bench.
 */
export function eagerly(operation: () => Tensor): Work {
  return async (times) => {
    for (let i = 0; i < times; i++) {
      tf.dispose(tf.tidy(operation));
      collectIfDue();
    }
    await gpuDone();
  };
}
