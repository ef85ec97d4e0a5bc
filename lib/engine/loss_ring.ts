/** Losses that wait on the GPU until they are read together. @module */

import { tf } from "../deps.ts";
import type { Tensor, Variable } from "../tensor.ts";
import { forgetValues } from "./backend.ts";
import { runInPlace } from "./program.ts";

/** The losses of the last {@link capacity} steps, written by them and read rarely: a read waits 10 ms. */
export class LossRing {
  /** Steps whose losses fit. */
  readonly capacity: number;
  /** Losses of a step. */
  readonly width: number;
  /** The losses, and behind them the step that writes next. */
  readonly #values: Variable;
  #position = 0;

  /**
   * An empty ring.
   *
   * @param width Losses of a step, from 1.
   * @param capacity Steps whose losses fit. @default 1024
   */
  constructor(width: number, capacity = 1024) {
    this.width = width;
    this.capacity = capacity;
    this.#values = tf.tidy(() => tf.variable(tf.zeros([width * capacity + 1]), false));
  }

  /** Appends the losses of a step, on the GPU. */
  append(losses: Tensor): void {
    runInPlace(
      {
        key: `inkling_loss_ring_${this.width}_${this.capacity}`,
        outputShape: [this.width * this.capacity + 1],
        inputs: ["losses"],
        workgroupSize: [1, 1, 1],
        dispatch: [1, 1, 1],
        code: `fn main(index : i32) {
        let last = uniforms.size - 1;
        let place = i32(result[last]);
        for (var i = 0; i < ${this.width}; i++) { result[${this.width} * place + i] = losses[i]; }
        result[last] = f32((place + 1) % ${this.capacity});
      }`,
      },
      this.#values,
      [losses],
    );
  }

  /** Reads the losses of the `count` steps since the last read, oldest first; at most {@link capacity}. */
  async read(count: number): Promise<Float32Array> {
    forgetValues(this.#values);
    const values = await this.#values.data();
    const all = this.width * this.capacity;
    const losses = Float32Array.from(
      { length: this.width * count },
      (_, i) => values[(this.width * this.#position + i) % all]!,
    );
    this.#position = (this.#position + count) % this.capacity;
    return losses;
  }

  /** Frees the ring. */
  dispose(): void {
    this.#values.dispose();
  }
}
