/** Averages of the weights over the steps of training. @module */

import { tf } from "../../deps.ts";
import type { Clock } from "../../engine/clock.ts";
import { updateAll, type UpdateRule } from "../../engine/multi_update.ts";
import { CheckpointError } from "../../errors.ts";
import type { Tensor, Variable } from "../../tensor.ts";
import type { Parameter, StateDict } from "../module.ts";
import { StepNumbers } from "./step_numbers.ts";

/** Options of {@link EMA}. */
export interface EMAOptions {
  /** The share of the average that a step keeps, in [0, 1). @default 0.999 */
  readonly decay?: number;
}

const AVERAGE: UpdateRule = {
  updated: ["average"],
  read: ["w"],
  scalars: ["rate"],
  assignments: [["average", "average + rate * (w - average)"]],
};

const SHOW: UpdateRule = {
  updated: ["w", "kept"],
  read: ["average"],
  scalars: [],
  assignments: [["kept", "w"], ["w", "average"]],
};

const HIDE: UpdateRule = {
  updated: ["w"],
  read: ["kept"],
  scalars: [],
  assignments: [["w", "kept"]],
};

/**
 * The exponential moving average of a network's weights, `a ← a + (1 − d)(w − a)`, which makes
 * better predictions and samples than the last weights (Polyak and Juditsky 1992; Ho et al. 2020,
 * <https://arxiv.org/abs/2006.11239>).
 *
 * In step `t`, counted from 1, `d` is the smaller of `decay` and `(1 + t) / (10 + t)`: the first
 * weights, which are noise, are soon forgotten.
 */
export class EMA {
  readonly #parameters: Map<string, Parameter>;
  readonly #averages = new Map<string, Variable>();
  readonly #numbers: StepNumbers;
  readonly #decay: number;
  #steps = 0;

  /**
   * Starts with the weights as they are.
   *
   * @param parameters As from `model.namedParameters()`. Buffers, such as running statistics, are
   *   averaged too.
   * @param options The decay.
   * @throws {RangeError} When the decay is not in [0, 1).
   */
  constructor(parameters: Iterable<[string, Parameter]>, { decay = 0.999 }: EMAOptions = {}) {
    if (!(decay >= 0 && decay < 1)) {
      throw new RangeError(`Cannot average weights: decay must be in [0, 1), got ${decay}`);
    }
    this.#decay = decay;
    this.#parameters = new Map(parameters);
    for (const [name, { variable }] of this.#parameters) {
      // Not tf.clone(), which would share the weight's memory.
      this.#averages.set(name, tf.tidy(() => tf.variable(tf.mul(variable, 1), false)));
    }
    this.#numbers = new StepNumbers(1, "the average of the weights");
  }

  /**
   * From now on takes the step from `clock`; a recorded step needs that.
   *
   * @param clock The clock, counted from 0.
   * @param total Steps in all.
   */
  follow(clock: Clock, total: number): void {
    this.#numbers.follow(clock, (step) => [this.#rate(step + 1)], total);
  }

  #rate(step: number): number {
    return 1 - Math.min(this.#decay, (1 + step) / (10 + step));
  }

  /**
   * Takes the weights into the average, within a step, after the optimizer.
   *
   * @throws {RecordingError} In a step that is being recorded, before {@link follow} was called.
   */
  update(): void {
    this.#steps++;
    const groups = this.#groups((variable, average) => [average, variable]);
    updateAll(AVERAGE, groups, ...this.#numbers.at(() => [this.#rate(this.#steps)]));
  }

  /** Runs `fn` while the network's weights are their averages, and puts the weights back. */
  async during<T>(fn: () => Promise<T>): Promise<T> {
    const kept = new Map<Tensor, Tensor>();
    for (const { variable } of this.#parameters.values()) {
      kept.set(variable, tf.zeros(variable.shape));
    }
    try {
      updateAll(SHOW, this.#groups((w, average) => [w, kept.get(w)!, average]));
      try {
        return await fn();
      } finally {
        updateAll(HIDE, this.#groups((w) => [w, kept.get(w)!]));
      }
    } finally {
      tf.dispose([...kept.values()]);
    }
  }

  #groups(group: (variable: Variable, average: Variable) => Tensor[]): Tensor[][] {
    return [...this.#parameters].map(([name, { variable }]) =>
      group(variable, this.#averages.get(name)!)
    );
  }

  /** Reads the averages by parameter, in our layout. */
  async stateDict(): Promise<StateDict> {
    const state: StateDict = new Map();
    for (const [name, average] of this.#averages) {
      state.set(name, { shape: average.shape, values: new Float32Array(await average.data()) });
    }
    return state;
  }

  /**
   * Puts back what {@link stateDict} read.
   *
   * @param state The averages.
   * @param steps Steps taken when they were read.
   * @throws {CheckpointError} When they are of another network. Nothing is changed then.
   */
  loadStateDict(state: StateDict, steps: number): void {
    const fits = state.size === this.#averages.size && [...this.#averages].every(
      ([name, average]) => state.get(name)?.shape.join() === average.shape.join(),
    );
    if (!fits) {
      throw new CheckpointError("Cannot resume: the saved averages are of another network");
    }
    for (const [name, average] of this.#averages) {
      tf.tidy(() => average.assign(tf.tensor(state.get(name)!.values, average.shape)));
    }
    this.#steps = steps;
  }

  /** Frees the averages. */
  dispose(): void {
    for (const average of this.#averages.values()) average.dispose();
    this.#numbers.dispose();
  }
}
