/** What all optimizers share. @module */

import { tf } from "../../deps.ts";
import type { Clock } from "../../engine/clock.ts";
import { updateAll, type UpdateRule } from "../../engine/multi_update.ts";
import { CheckpointError } from "../../errors.ts";
import type { Tensor, TensorMap, Variable } from "../../tensor.ts";
import type { Parameter, StateDict } from "../module.ts";
import { StepNumbers } from "./step_numbers.ts";

/** How one element changes: assignments over `w`, its gradient `g`, the slots and the scalars. */
export interface OptimizerRule {
  /** Names of the tensors kept per parameter; they start as zeros. */
  readonly slots: readonly string[];
  /** Names of the numbers of a step, such as the learning rate. */
  readonly scalars: readonly string[];
  /** Assignments in WGSL, in order. */
  readonly assignments: UpdateRule["assignments"];
}

/**
 * Updates parameters in place from their gradients, all of them in a few dispatches.
 *
 * A concrete optimizer states its rule and the numbers of a step. The names of options are
 * PyTorch's.
 */
export abstract class Optimizer {
  /** Learning rate of the next step; not used once {@link follow} was called. */
  lr: number;
  /** Steps taken so far. Replayed steps are not counted here: set it after them. */
  steps = 0;
  readonly #rule: UpdateRule;
  readonly #parameters: Map<string, Parameter>;
  readonly #slots = new Map<string, Variable>();
  readonly #numbers: StepNumbers;

  /**
   * Makes the slots of all trainable parameters.
   *
   * @param parameters Named parameters, as from `model.namedParameters()`. Buffers are left out.
   * @param lr Learning rate.
   * @param rule How an element changes.
   */
  constructor(parameters: Iterable<[string, Parameter]>, lr: number, rule: OptimizerRule) {
    this.lr = lr;
    const { slots, scalars, assignments } = rule;
    this.#rule = { updated: ["w", ...slots], read: ["g"], scalars, assignments };
    this.#parameters = new Map([...parameters].filter(([, parameter]) => parameter.trainable));
    for (const [name, { variable }] of this.#parameters) {
      for (const slot of slots) this.#slots.set(`${name}.${slot}`, zeros(variable.shape));
    }
    this.#numbers = new StepNumbers(scalars.length, "the optimizer");
  }

  /** The values of the rule's scalars in a step, counted from 1. */
  protected abstract scalars(step: number, lr: number): number[];

  /** The trained tensors, as `tf.variableGrads` wants them. */
  get variables(): Variable[] {
    return [...this.#parameters.values()].map((parameter) => parameter.variable);
  }

  /**
   * From now on takes the numbers of each step from a table on the GPU, by the step that `clock`
   * shows; a recorded step needs that.
   *
   * @param clock The clock, counted from 0.
   * @param lr The learning rate of each step, counted from 0.
   * @param total Steps in the table.
   */
  follow(clock: Clock, lr: (step: number) => number, total: number): void {
    this.#numbers.follow(clock, (step) => this.scalars(step + 1, lr(step)), total);
  }

  /**
   * Takes one step. `gradients` is keyed by variable name, as from `tf.variableGrads`.
   *
   * @throws {RecordingError} In a step that is being recorded, before {@link follow} was called.
   */
  step(gradients: TensorMap): void {
    this.steps++;
    const groups: Tensor[][] = [];
    for (const [name, { variable }] of this.#parameters) {
      const gradient = gradients[variable.name];
      if (gradient === undefined) throw new TypeError(`No gradient for the parameter ${name}`);
      const slots = this.#rule.updated.slice(1).map((slot) => this.#slots.get(`${name}.${slot}`)!);
      groups.push([variable, ...slots, gradient]);
    }
    const numbers = this.#numbers.at(() => this.scalars(this.steps, this.lr));
    updateAll(this.#rule, groups, ...numbers);
  }

  /** Reads all slots, by `<parameter>.<slot>`, in our layout. */
  async stateDict(): Promise<StateDict> {
    const state: StateDict = new Map();
    for (const [name, slot] of this.#slots) {
      state.set(name, { shape: slot.shape, values: new Float32Array(await slot.data()) });
    }
    return state;
  }

  /**
   * Puts back what {@link stateDict} read.
   *
   * @param state The slots.
   * @param steps Steps taken when they were read.
   * @throws {CheckpointError} When they are of another network or optimizer, or `steps` is no
   *   number of steps. Nothing is changed then.
   */
  loadStateDict(state: StateDict, steps: number): void {
    const fits = state.size === this.#slots.size &&
      [...this.#slots].every(([name, slot]) => state.get(name)?.shape.join() === slot.shape.join());
    if (!fits) {
      throw new CheckpointError(
        "Cannot resume: the saved optimizer state is of another network or optimizer",
      );
    }
    if (!Number.isSafeInteger(steps) || steps < 0) {
      throw new CheckpointError(
        `Cannot resume: the steps taken must be an integer from 0, got ${steps}`,
      );
    }
    for (const [name, slot] of this.#slots) {
      tf.tidy(() => slot.assign(tf.tensor(state.get(name)!.values, slot.shape)));
    }
    this.steps = steps;
  }

  /** Frees the slots. */
  dispose(): void {
    for (const slot of this.#slots.values()) slot.dispose();
    this.#numbers.dispose();
  }
}

function zeros(shape: number[]): Variable {
  return tf.tidy(() => tf.variable(tf.zeros(shape), false));
}
