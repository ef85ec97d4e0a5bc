/** The numbers of a step, such as the learning rate, where kernels read them. @module */

import { tf } from "../../deps.ts";
import { writeValues } from "../../engine/backend.ts";
import type { Clock } from "../../engine/clock.ts";
import { isRecording } from "../../engine/trace.ts";
import { RecordingError } from "../../errors.ts";
import type { Tensor, Variable } from "../../tensor.ts";

/** Numbers on the GPU that differ from step to step. */
export class StepNumbers {
  readonly #owner: string;
  readonly #current: Variable;
  #plan: { readonly clock: Clock; readonly table: Variable } | undefined;

  /**
   * Room for the numbers of a step.
   *
   * @param count How many.
   * @param owner Whose they are, for messages.
   */
  constructor(count: number, owner: string) {
    this.#owner = owner;
    this.#current = tf.tidy(() => tf.variable(tf.zeros([count]), false));
  }

  /**
   * From now on takes them from a table, by the step that `clock` shows.
   *
   * @param clock The clock, counted from 0.
   * @param numbers The numbers of a step, counted from 0.
   * @param total Steps in the table.
   */
  follow(clock: Clock, numbers: (step: number) => readonly number[], total: number): void {
    const { size } = this.#current;
    const rows = new Float32Array(total * size);
    for (let step = 0; step < total; step++) rows.set(numbers(step), step * size);
    this.#plan?.table.dispose();
    this.#plan = { clock, table: tf.tidy(() => tf.variable(tf.tensor1d(rows), false)) };
  }

  /**
   * The tensor to read them from, and the row to read, as `updateAll` takes them.
   *
   * @param numbers The numbers of this step, where no clock is followed.
   * @throws {RecordingError} In a step that is being recorded, when no clock is followed.
   */
  at(numbers: () => readonly number[]): [values: Tensor, row?: Tensor] {
    if (this.#plan) return [this.#plan.table, this.#plan.clock.step];
    if (isRecording()) {
      throw new RecordingError(
        `Cannot record the step: the numbers of ${this.#owner} are given by the CPU, and a replay ` +
          "would never change them. Call its follow(clock, …) before",
      );
    }
    writeValues(this.#current, Float32Array.from(numbers()));
    return [this.#current];
  }

  /** Frees the tensors. */
  dispose(): void {
    this.#current.dispose();
    this.#plan?.table.dispose();
  }
}
