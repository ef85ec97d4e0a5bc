/** The number of the current step, on the GPU. @module */

import { tf } from "../deps.ts";
import type { Variable } from "../tensor.ts";
import { writeValues } from "./backend.ts";
import { runInPlace } from "./program.ts";

/**
 * Counts steps where a recorded step can see it: what changes from step to step (the batch, the
 * learning rate, random numbers) is looked up by this number on the GPU.
 */
export class Clock {
  /** The current step, int32, shape `[1]`. */
  readonly step: Variable;

  /** A clock that shows `step`. */
  constructor(step = 0) {
    this.step = tf.tidy(() => tf.variable(tf.tensor1d([step], "int32"), false));
  }

  /** Sets the clock, between steps. */
  set(step: number): void {
    writeValues(this.step, Int32Array.of(step));
  }

  /** Counts one step, within a step. */
  advance(): void {
    runInPlace(
      {
        key: "inkling_clock",
        outputShape: [1],
        inputs: [],
        workgroupSize: [1, 1, 1],
        code: "fn main(index : i32) { if (index < uniforms.size) { result[index] += 1; } }",
      },
      this.step,
      [],
    );
  }

  /** Frees the clock. */
  dispose(): void {
    this.step.dispose();
  }
}
