/**
 * Parameters, modules and the state dict, with PyTorch's names and layouts on the outside.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { GpuRandom } from "../engine/random.ts";
import { CheckpointError } from "../errors.ts";
import type { Tensor, Variable } from "../tensor.ts";

/**
 * How a parameter's own layout, chosen for the kernels, maps to PyTorch's: its values are viewed
 * with shape `view`, their axes are permuted by `order`, and the result has shape `shape`.
 */
export interface Layout {
  /** Our values' shape before the permutation. */
  readonly view: readonly number[];
  /** For each axis of the permuted view, the axis of `view` that it is. */
  readonly order: readonly number[];
  /** PyTorch's shape. */
  readonly shape: readonly number[];
}

/** A tensor in PyTorch's layout, on the CPU. */
export interface StateTensor {
  /** Its shape. */
  readonly shape: readonly number[];
  /** Its values, row-major. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** Every parameter and buffer of a module by its dotted name. */
export type StateDict = Map<string, StateTensor>;

/**
 * Moves values between two row-major layouts: the result's axis `k` is the source's axis
 * `order[k]`.
 */
export function permute(
  values: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  const strides = tf.util.computeStrides([...shape]).concat(1);
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const index = new Array<number>(order.length).fill(0);
  let source = 0;
  for (let target = 0; target < out.length; target++) {
    out[target] = values[source]!;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      source += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      source -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function inverse(order: readonly number[]): number[] {
  const result = new Array<number>(order.length);
  order.forEach((axis, k) => result[axis] = k);
  return result;
}

/** A tensor that a module owns: a weight that is trained, or a buffer such as a running mean. */
export class Parameter {
  /** The tensor on the GPU, in our layout. Optimizers update it in place. */
  readonly variable: Variable;
  /** How it looks in a checkpoint. */
  readonly layout: Layout;

  /**
   * Puts `values` on the GPU.
   *
   * @param values Initial values in our layout; or a variable, such as a weight of a `tf.layers`
   *   model, which is taken as it is.
   * @param shape Our shape.
   * @param layout How it looks in a checkpoint. @default the same as ours
   * @param trainable `false` makes it a buffer: saved, but not trained. @default true
   */
  constructor(
    values: Float32Array | Variable,
    shape: readonly number[],
    layout?: Layout,
    readonly trainable: boolean = true,
  ) {
    this.variable = values instanceof tf.Variable
      ? values
      : tf.tidy(() => tf.variable(tf.tensor(values, [...shape]), trainable));
    this.layout = layout ?? { view: shape, order: shape.map((_, axis) => axis), shape };
  }

  /** How many numbers it holds. */
  get size(): number {
    return this.variable.size;
  }

  /** Its values in PyTorch's layout. */
  async read(): Promise<StateTensor> {
    const values = await this.variable.data() as Float32Array;
    return {
      shape: this.layout.shape,
      values: permute(values, this.layout.view, this.layout.order),
    };
  }

  /** Replaces its values by `values` in PyTorch's layout. */
  write(values: Float32Array): void {
    const { view, order } = this.layout;
    const own = permute(values, order.map((axis) => view[axis]!), inverse(order));
    tf.tidy(() => this.variable.assign(tf.tensor(own, this.variable.shape)));
  }
}

/** What a forward pass needs to know beside its input. */
export class Context {
  #streams = 0;
  #random: ((stream: number) => GpuRandom) | undefined;

  /**
   * A training pass with `random`, an evaluation without.
   *
   * @param random Makes the random stream of the n-th random layer in this pass; see
   *   {@link Context.training}. Without it the pass is an evaluation.
   */
  constructor(random?: (stream: number) => GpuRandom) {
    this.#random = random;
  }

  /**
   * A training pass whose n-th random layer draws from the stream `"forward", n` of `seed`.
   *
   * @param seed An integer from 0 to 2^53 - 1.
   * @param step The step's number: `Clock.step`, which a recorded step looks up whenever it is
   *   replayed, or an integer from 0 to 2^31 - 1.
   */
  static training(seed: number, step: Variable | number): Context {
    return new Context((stream) => GpuRandom.named(step, seed, "forward", stream));
  }

  /** Whether this is a training pass: dropout drops, batch norm uses the batch's statistics. */
  get training(): boolean {
    return this.#random !== undefined;
  }

  /** The next random stream of this pass. Throws a `TypeError` in an evaluation pass. */
  stream(): GpuRandom {
    if (this.#random === undefined) throw new TypeError("An evaluation pass has no random stream");
    return this.#random(this.#streams++);
  }
}

/**
 * A network or a part of one. Parameters and submodules are plain properties, and the name of a
 * parameter in a checkpoint is the path of properties that leads to it, as in PyTorch.
 *
 * Images are `(N, H, W, C)` inside a network, tfjs's own layout.
 *
 * @example A linear classifier
 * ```ts
 * import { Linear, Module, openDevice, Random } from "../../mod.ts";
 * import { tf } from "../deps.ts";
 * import assert from "node:assert/strict";
 *
 * class Classifier extends Module {
 *   readonly fc: Linear;
 *   constructor(random: Random) {
 *     super();
 *     this.fc = new Linear(64, 10, { random });
 *   }
 *   forward(x: tf.Tensor): tf.Tensor {
 *     return this.fc.forward(x);
 *   }
 * }
 *
 * await openDevice();
 * const model = new Classifier(new Random(1, "init"));
 * assert.equal(model.parameterCount, 650);
 * assert.deepEqual([...(await model.stateDict()).keys()], ["fc.weight", "fc.bias"]);
 * assert.deepEqual(model.forward(tf.zeros([3, 64])).shape, [3, 10]);
 * ```
 */
export abstract class Module {
  /** Computes the output for `x`; the shapes are the concrete module's. */
  abstract forward(x: Tensor, context: Context): Tensor;

  /** Parameters and buffers with their dotted names, in the order of their definition. */
  *namedParameters(prefix = ""): Generator<[name: string, parameter: Parameter]> {
    for (const [key, value] of Object.entries(this)) {
      const entries = Array.isArray(value)
        ? value.map((item, i) => [`${key}.${i}`, item] as const)
        : [[key, value] as const];
      for (const [name, item] of entries) {
        if (item instanceof Parameter) yield [prefix + name, item];
        else if (item instanceof Module) yield* item.namedParameters(`${prefix}${name}.`);
      }
    }
  }

  /** The number of trained values. */
  get parameterCount(): number {
    let count = 0;
    for (const [, parameter] of this.namedParameters()) {
      if (parameter.trainable) count += parameter.size;
    }
    return count;
  }

  /** Reads all parameters and buffers from the GPU, in PyTorch's layouts. */
  async stateDict(): Promise<StateDict> {
    const state: StateDict = new Map();
    for (const [name, parameter] of this.namedParameters()) state.set(name, await parameter.read());
    return state;
  }

  /**
   * Replaces all parameters and buffers. Nothing is changed unless everything fits.
   *
   * @throws {CheckpointError} When a name is missing or unknown, or a shape differs.
   */
  loadStateDict(state: StateDict): void {
    const own = new Map(this.namedParameters());
    for (const name of state.keys()) {
      if (!own.has(name)) {
        throw new CheckpointError(
          "Cannot load the checkpoint: it is of another network, got a tensor " +
            JSON.stringify(name),
        );
      }
    }
    for (const [name, { layout }] of own) {
      const tensor = state.get(name);
      if (tensor === undefined) {
        throw new CheckpointError(
          `Cannot load the checkpoint: it is of another network, without the tensor ${name}`,
        );
      }
      if (tensor.shape.join() !== layout.shape.join()) {
        throw new CheckpointError(
          `Cannot load the checkpoint: ${name} must have shape (${layout.shape.join(", ")}), ` +
            `got (${tensor.shape.join(", ")})`,
        );
      }
    }
    for (const [name, parameter] of own) parameter.write(state.get(name)!.values);
  }

  /** Frees the GPU memory of all parameters. */
  dispose(): void {
    for (const [, parameter] of this.namedParameters()) parameter.variable.dispose();
  }
}
