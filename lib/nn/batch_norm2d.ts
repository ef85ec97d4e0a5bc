/** Batch normalisation of images. @module */

import { batchNorm, runningBatchNorm } from "../engine/kernels/batch_norm.ts";
import type { Activation } from "../engine/kernels/linear.ts";
import { type Context, Module, Parameter } from "./module.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link BatchNorm2d}. */
export interface BatchNorm2dOptions {
  /** Added to the variance. @default 1e-5 */
  readonly eps?: number;
  /** The new batch's share in the running statistics, from 0 to 1. @default 0.1 */
  readonly momentum?: number;
  /** What follows, in the same dispatch while training. @default "linear" */
  readonly activation?: "linear" | "relu";
}

/**
 * `y = act((x − mean) / √(variance + eps) · weight + bias)` for each channel: `(N, H, W, C)` to the same
 * shape.
 *
 * A training pass takes mean and (biased) variance of the batch, and moves the running mean and the
 * running (unbiased) variance towards them by `momentum`, on the GPU. An evaluation pass takes the
 * running ones.
 *
 * The buffers have PyTorch's names. The number of batches is float32 here, exact up to 2^24, and int64
 * in PyTorch.
 *
 * Reference: Ioffe & Szegedy 2015, <https://arxiv.org/abs/1502.03167>.
 */
export class BatchNorm2d extends Module {
  /** `(C)`, ones at first. */
  readonly weight: Parameter;
  /** `(C)`, zeros at first. */
  readonly bias: Parameter;
  /** `(C)`, zeros at first. */
  readonly running_mean: Parameter;
  /** `(C)`, ones at first. */
  readonly running_var: Parameter;
  /** Training passes so far, a scalar. */
  readonly num_batches_tracked: Parameter;
  readonly #eps: number;
  readonly #momentum: number;
  readonly #activation: Activation;

  /**
   * A layer that leaves normalised values as they are until it is trained.
   *
   * @param numFeatures Channels.
   * @param options eps, momentum and what follows.
   * @throws {RangeError} When the momentum is outside 0 to 1.
   */
  constructor(numFeatures: number, options: BatchNorm2dOptions = {}) {
    super();
    const { eps = 1e-5, momentum = 0.1, activation = "linear" } = options;
    if (!(momentum >= 0 && momentum <= 1)) {
      throw new RangeError(
        `Cannot keep running statistics: momentum must be in [0, 1], got ${momentum}`,
      );
    }
    const ones = () => new Float32Array(numFeatures).fill(1);
    const zeros = () => new Float32Array(numFeatures);
    const buffer = (values: Float32Array) => new Parameter(values, [numFeatures], undefined, false);
    this.weight = new Parameter(ones(), [numFeatures]);
    this.bias = new Parameter(zeros(), [numFeatures]);
    this.running_mean = buffer(zeros());
    this.running_var = buffer(ones());
    this.num_batches_tracked = new Parameter(new Float32Array(1), [], undefined, false);
    this.#eps = eps;
    this.#momentum = momentum;
    this.#activation = activation;
  }

  /**
   * `(N, H, W, C)` to the same shape.
   *
   * @throws {RangeError} In training, when a channel has no more than one value.
   */
  forward(x: Tensor, context: Context): Tensor {
    const tensors = {
      weight: this.weight.variable,
      bias: this.bias.variable,
      runningMean: this.running_mean.variable,
      runningVar: this.running_var.variable,
      batches: this.num_batches_tracked.variable,
    };
    const attributes = { eps: this.#eps, momentum: this.#momentum, activation: this.#activation };
    return context.training
      ? batchNorm(x, tensors, attributes)
      : runningBatchNorm(x, tensors, attributes);
  }
}
