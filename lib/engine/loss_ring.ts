/** Losses that wait on the GPU until they are read together. @module */

import { tf } from "../deps.ts";
import type { Scalar, Variable } from "../tensor.ts";
import { forgetValues } from "./backend.ts";
import { runInPlace } from "./program.ts";

/** The last {@link capacity} losses, written by the steps and read rarely: a read waits 10 ms or more. */
export class LossRing {
  /** Losses that fit. */
  readonly capacity: number;
  /** The losses, and behind them the place of the next one. */
  readonly #values: Variable;
  #position = 0;

  /** An empty ring. @param capacity Losses that fit. @default 1024 */
  constructor(capacity = 1024) {
    this.capacity = capacity;
    this.#values = tf.tidy(() => tf.variable(tf.zeros([capacity + 1]), false));
  }

  /** Appends a loss, on the GPU. */
  append(loss: Scalar): void {
    runInPlace(
      {
        key: `inkling_loss_ring_${this.capacity}`,
        outputShape: [this.capacity + 1],
        inputs: ["loss"],
        workgroupSize: [1, 1, 1],
        dispatch: [1, 1, 1],
        code: `fn main(index : i32) {
        let last = uniforms.size - 1;
        let place = i32(result[last]);
        result[place] = loss[0];
        result[last] = f32((place + 1) % last);
      }`,
      },
      this.#values,
      [loss],
    );
  }

  /** Reads the `count` losses since the last read, oldest first; at most {@link capacity}. */
  async read(count: number): Promise<Float32Array> {
    forgetValues(this.#values);
    const values = await this.#values.data();
    const losses = Float32Array.from(
      { length: count },
      (_, i) => values[(this.#position + i) % this.capacity]!,
    );
    this.#position = (this.#position + count) % this.capacity;
    return losses;
  }

  /** Frees the ring. */
  dispose(): void {
    this.#values.dispose();
  }
}
