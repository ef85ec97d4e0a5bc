/** The fully connected layer. @module */

import { tf } from "../deps.ts";
import { type Activation, linear } from "../engine/kernels/linear.ts";
import type { Random } from "../random.ts";
import { uniformFanIn } from "./init.ts";
import { Module, Parameter } from "./module.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Where the initial weights come from. */
  readonly random: Random;
  /** Whether to add a bias. @default true */
  readonly bias?: boolean;
  /** What follows the sum, in the same dispatch. @default "linear" */
  readonly activation?: "linear" | "relu";
  /**
   * `[H, W, C]` when the input is a flattened `(N, H, W, C)` image. PyTorch flattens channels first,
   * so the columns of the weight are put in its order in checkpoints; nothing is moved at run time.
   * @default undefined
   */
  readonly flattened?: readonly [number, number, number];
}

/**
 * `y = act(x Wᵀ + b)`: `(N, in)` to `(N, out)`.
 *
 * The weight is `(in, out)` on the GPU, so that neighbouring invocations read neighbouring values,
 * and `(out, in)` in checkpoints.
 */
export class Linear extends Module {
  /** `(in, out)`. */
  readonly weight: Parameter;
  /** `(out)`. */
  readonly bias?: Parameter;
  readonly #activation: Activation;

  /**
   * A layer with fresh weights.
   *
   * @param inFeatures Values per input row.
   * @param outFeatures Values per output row.
   * @param options Where weights come from, and the layout of the input.
   */
  constructor(inFeatures: number, outFeatures: number, options: LinearOptions) {
    super();
    const { random, bias = true, activation = "linear", flattened = [1, 1, inFeatures] } = options;
    this.weight = new Parameter(
      uniformFanIn(inFeatures * outFeatures, inFeatures, random),
      [inFeatures, outFeatures],
      {
        view: [...flattened, outFeatures],
        order: [3, 2, 0, 1],
        shape: [outFeatures, inFeatures],
      },
    );
    if (bias) {
      this.bias = new Parameter(uniformFanIn(outFeatures, inFeatures, random), [outFeatures]);
    }
    this.#activation = activation;
  }

  /** `(N, in)` to `(N, out)`. */
  forward(x: Tensor): Tensor {
    const weight = this.weight.variable;
    if (this.bias) return linear(x, weight, this.bias.variable, this.#activation);
    const y = tf.matMul(x, weight);
    return this.#activation === "relu" ? tf.relu(y) : y;
  }
}
