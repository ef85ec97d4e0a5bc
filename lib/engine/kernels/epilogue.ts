/**
 * What a product does with its sums before it stores them: bias and ReLU, in the registers, where
 * dispatches of their own would load and store all of them again.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { TensorInfo } from "../../tensor.ts";

/** What is done with the sums. */
export interface Epilogue {
  /** Added to each row: `(columns)`. */
  readonly bias?: TensorInfo | undefined;
  /** Whether what is below 0 becomes 0. NaN stays NaN. */
  readonly relu: boolean;
}

/** Nothing at all. */
export const NO_EPILOGUE: Epilogue = { relu: false };

/** Names an epilogue in a shader's key. */
export function epilogueKey({ bias, relu }: Epilogue): string {
  return `${bias === undefined ? "" : "b"}${relu ? "r" : ""}`;
}

/** The value to store for the sum `value` in column `column`, in WGSL, with {@link RECTIFY}. */
export function finished(value: string, column: string, { bias, relu }: Epilogue): string {
  const sum = bias === undefined ? value : `(${value} + bias[${column}])`;
  return relu ? `rectify(${sum})` : sum;
}

/** The function that {@link finished} calls. */
export const RECTIFY = "fn rectify(x : f32) -> f32 { return select(x, 0.0, x < 0.0); }";

/**
 * The gradient `dy` of a ReLU's output `y` passed on to its input, in WGSL: 0 where `y` is, so that
 * the mask costs no dispatch. As in PyTorch, a NaN in `y` lets the gradient through.
 *
 * @param dy The gradient's value, an expression.
 * @param y The output's value, an expression.
 * @param type The type of both, `f32` or `vec4<f32>`.
 */
export function gated(dy: string, y: string, type: "f32" | "vec4<f32>"): string {
  return `select(${dy}, ${type}(0.0), ${y} <= ${type}(0.0))`;
}

/**
 * What tfjs asks of a fused kernel; `undefined` where it is more than bias and ReLU.
 *
 * @param inputs The kernel's inputs.
 * @param attributes The kernel's attributes.
 * @param columns Columns of the result, the values that a bias must have.
 */
export function readEpilogue(
  inputs: Readonly<Record<string, TensorInfo | undefined>>,
  attributes: Readonly<Record<string, unknown>>,
  columns: number,
): Epilogue | undefined {
  const { bias } = inputs;
  const { activation } = attributes;
  const known = activation === "linear" || activation === "relu" || !activation;
  const fits = bias === undefined || tf.util.sizeFromShape(bias.shape) === columns &&
      bias.shape.at(-1) === columns && bias.dtype === "float32";
  return known && fits ? { bias, relu: activation === "relu" } : undefined;
}
