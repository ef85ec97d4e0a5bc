/** The gated recurrent unit. @module */

import { tf } from "../deps.ts";
import { gru } from "../engine/kernels/gru.ts";
import { linear } from "../engine/kernels/linear.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { uniformFanIn } from "./init.ts";
import { Module, Parameter } from "./module.ts";

/** Options of {@link GRU}. */
export interface GRUOptions {
  /** Where the initial weights come from. */
  readonly random: Random;
}

/**
 * One layer of gated recurrent units: sequences `(N, T, in)` to states `(N, T, hidden)`.
 *
 * `r = σ(W_ir x + b_ir + W_hr h + b_hr)`, `z = σ(W_iz x + b_iz + W_hz h + b_hz)`,
 * `n = tanh(W_in x + b_in + r (W_hn h + b_hn))`, `h ← (1 − z) n + z h`, as PyTorch's `nn.GRU` with
 * `batch_first`. All weights start uniformly from `±1/√hidden`.
 *
 * A weight is `(in, 3 hidden)` on the GPU, so that neighbouring invocations read neighbouring values,
 * and `(3 hidden, in)` in checkpoints.
 *
 * Reference: Cho et al. 2014, <https://arxiv.org/abs/1406.1078>.
 */
export class GRU extends Module {
  /** `(in, 3 hidden)`. */
  readonly weight_ih_l0: Parameter;
  /** `(hidden, 3 hidden)`. */
  readonly weight_hh_l0: Parameter;
  /** `(3 hidden)`. */
  readonly bias_ih_l0: Parameter;
  /** `(3 hidden)`. */
  readonly bias_hh_l0: Parameter;

  /**
   * A layer with fresh weights.
   *
   * @param inputSize Values per step of the input.
   * @param hiddenSize Values of the state.
   * @param options Where weights come from.
   */
  constructor(inputSize: number, hiddenSize: number, { random }: GRUOptions) {
    super();
    const weight = (rows: number) =>
      new Parameter(
        uniformFanIn(rows * 3 * hiddenSize, hiddenSize, random),
        [rows, 3 * hiddenSize],
        { view: [rows, 3 * hiddenSize], order: [1, 0], shape: [3 * hiddenSize, rows] },
      );
    const bias = () =>
      new Parameter(uniformFanIn(3 * hiddenSize, hiddenSize, random), [3 * hiddenSize]);
    this.weight_ih_l0 = weight(inputSize);
    this.weight_hh_l0 = weight(hiddenSize);
    this.bias_ih_l0 = bias();
    this.bias_hh_l0 = bias();
  }

  /** The state after each step: `(N, T, in)` to `(N, T, hidden)`. It is zero before the first. */
  forward(x: Tensor): Tensor {
    return this.states(x);
  }

  /**
   * The state after each step, `(N, T, hidden)`.
   *
   * @param x `(N, T, in)`, of one step or more.
   * @param initial The state before the first step, `(N, hidden)`. @default zeros
   */
  states(x: Tensor, initial?: Tensor): Tensor {
    return this.#run(x, initial, false);
  }

  /** The state after the last step, `(N, hidden)`, from the same as {@link states}. */
  last(x: Tensor, initial?: Tensor): Tensor {
    return this.#run(x, initial, true);
  }

  #run(x: Tensor, initial: Tensor | undefined, last: boolean): Tensor {
    const [count, steps, inputs] = x.shape as [number, number, number];
    const { variable: weight } = this.weight_ih_l0;
    const rows = tf.reshape(x, [count * steps, inputs]);
    const projected = linear(rows, weight, this.bias_ih_l0.variable);
    return gru(
      tf.reshape(projected, [count, steps, weight.shape[1]!]),
      this.weight_hh_l0.variable,
      this.bias_hh_l0.variable,
      { initial, last },
    );
  }
}
