/** What all optimizers share. @module */

import { tf } from "../../deps.ts";
import { CheckpointError } from "../../errors.ts";
import type { Parameter, StateDict } from "../module.ts";
import type { Tensor, TensorMap, Variable } from "../../tensor.ts";

/**
 * Updates parameters in place from their gradients.
 *
 * A concrete optimizer declares its slots, tensors beside each parameter such as a momentum, and
 * says how one parameter is updated. The names of options are PyTorch's.
 */
export abstract class Optimizer {
  /** Learning rate of the next step. Schedules set it. */
  lr: number;
  /** Steps taken so far. */
  steps = 0;
  readonly #parameters: Map<string, Parameter>;
  readonly #slots = new Map<string, Variable>();

  /**
   * Makes the slots of all trainable parameters.
   *
   * @param parameters Named parameters, as from `model.namedParameters()`. Buffers are left out.
   * @param lr Learning rate.
   * @param slots Names of the tensors kept per parameter; they start as zeros.
   */
  constructor(
    parameters: Iterable<[string, Parameter]>,
    lr: number,
    slots: readonly string[],
  ) {
    this.lr = lr;
    this.#parameters = new Map([...parameters].filter(([, parameter]) => parameter.trainable));
    for (const [name, { variable }] of this.#parameters) {
      for (const slot of slots) {
        const zeros = tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
        this.#slots.set(`${name}.${slot}`, zeros);
      }
    }
  }

  /** The trained tensors, as `tf.variableGrads` wants them. */
  get variables(): Variable[] {
    return [...this.#parameters.values()].map((parameter) => parameter.variable);
  }

  /** Takes one step. `gradients` is keyed by variable name, as from `tf.variableGrads`. */
  step(gradients: TensorMap): void {
    this.steps++;
    for (const [name, { variable }] of this.#parameters) {
      const gradient = gradients[variable.name];
      if (gradient === undefined) throw new TypeError(`No gradient for the parameter ${name}`);
      this.update(variable, gradient, (slot) => this.#slots.get(`${name}.${slot}`)!);
    }
  }

  /** Updates one parameter and its slots; `this.steps` already counts this step. */
  protected abstract update(
    parameter: Variable,
    gradient: Tensor,
    slot: (name: string) => Variable,
  ): void;

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
  }
}
