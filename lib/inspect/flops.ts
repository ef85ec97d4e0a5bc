/**
 * The floating-point operations of products, by the shapes of what they multiply.
 *
 * One multiply-add counts as 2. Products with the zeros of a padding count like all others, as in
 * the usual formulas. What is done once per value is left out: biases, activations, norms, softmax,
 * pooling; it is little work beside the products.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { GRU } from "../nn/gru.ts";
import type { Module } from "../nn/module.ts";
import type { TensorInfo } from "../tensor.ts";
import type { KernelCall } from "./shape_backend.ts";

type Inputs = Readonly<Record<string, TensorInfo>>;
type Rule = (inputs: Inputs, output: TensorInfo) => number;

const size = ({ shape }: TensorInfo) => tf.util.sizeFromShape([...shape]);

/** Each output value is a sum over the window. The filter is `(kh, kw, in, out)`. */
const convolution: Rule = ({ filter }, output) =>
  2 * size(output) * size(filter!) / filter!.shape[3]!;

/** Each input value goes to a whole window. The filter is `(kh, kw, out, in)`. */
const transposed = (x: TensorInfo, filter: TensorInfo) =>
  2 * size(x) * size(filter) / filter.shape[3]!;

/** `(…, M, N)`, where the first factor is `(…, M, K)` or `(…, K, M)`. */
const product: Rule = ({ a }, output) => {
  const [rows, columns] = a!.shape.slice(-2) as [number, number];
  return size(output) === 0 ? 0 : 2 * size(output) * rows * columns / output.shape.at(-2)!;
};

const RULES: Readonly<Record<string, Rule>> = {
  BatchMatMul: product,
  _FusedMatMul: product,
  Conv2D: convolution,
  FusedConv2D: convolution,
  InklingConv2D: convolution,
  // In a forward pass, tfjs's transposed convolution.
  Conv2DBackpropInput: ({ dy, filter }) => transposed(dy!, filter!),
  InklingConvTranspose2D: ({ x, filter }) => transposed(x!, filter!),
  InklingLinear: ({ weight }, output) => 2 * size(output) * weight!.shape[0]!,
  // Queries by keys, then probabilities by values: each T² D. The input is `(N, T, 3 D)`.
  InklingAttention: ({ qkv }) => 2 * 2 * size(qkv!) / 3 * qkv!.shape[1]!,
};

/** The operations of a kernel; 0 of one without products. */
export function kernelFlops({ kernel, inputs, output }: KernelCall): number {
  return RULES[kernel]?.(inputs as Inputs, output) ?? 0;
}

/**
 * The operations of a pass of `module` that no kernel reports: the recurrence of a {@link GRU}, which
 * is one dispatch of its own.
 *
 * @param x The pass's first argument.
 */
export function hiddenFlops(module: Module, x: unknown): number {
  if (!(module instanceof GRU) || !(x instanceof tf.Tensor)) return 0;
  const [count, steps] = x.shape as [number, number];
  return 2 * count * steps * module.weight_hh_l0.size;
}
