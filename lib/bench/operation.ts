/** Contests over one tfjs operation: the same call with stock kernels and with ours. @module */

import { tf } from "../deps.ts";
import { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import type { Contest } from "./contest.ts";
import { eagerly, onStock } from "./stock.ts";

/** An operation over tensors of fixed shapes. */
export interface Operation {
  /** The row's name. */
  readonly name: string;
  /** Floating-point operations. */
  readonly flops: number;
  /** Shapes of the inputs, which are filled with values in [−1, 1). */
  readonly shapes: readonly (readonly number[])[];
  /** The call. */
  readonly call: (inputs: readonly Tensor[]) => Tensor;
}

/** The contest over an operation. */
export function operationContest({ name, flops, shapes, call }: Operation): Contest {
  return {
    name,
    flops,
    async prepare() {
      const inputs = shapes.map((shape, i) => noise(shape, i));
      const ours = eagerly(() => call(inputs));
      const stock = onStock(ours);
      await stock(1);
      await ours(1);
      return { stock, ours, dispose: () => tf.dispose(inputs) };
    },
  };
}

/** A tensor of values in [−1, 1), the `stream`-th of the bench. */
export function noise(shape: readonly number[], stream: number): Tensor {
  const random = new Random(1, "bench", stream);
  const values = new Float32Array(tf.util.sizeFromShape([...shape]));
  for (let i = 0; i < values.length; i++) values[i] = 2 * random.float() - 1;
  return tf.tensor(values, [...shape]);
}
