/**
 * Fresh weights for diffusion transformers: layers are filled anew after they were made, as in the
 * reference code of the paper.
 *
 * @module
 */

import { tf } from "../deps.ts";
import type { Conv2d } from "../nn/conv2d.ts";
import { xavierUniform } from "../nn/init_xavier.ts";
import type { Linear } from "../nn/linear.ts";
import type { Parameter } from "../nn/module.ts";
import type { Random } from "../random.ts";

/** A layer with a weight `(…, out)` and a bias `(out)`. */
export type FilledLayer = Linear | Conv2d;

/** The weight by Xavier's rule, the bias 0. A convolution counts as the linear layer of a window. */
export function fillXavier(layer: FilledLayer, random: Random): void {
  const { size, variable } = layer.weight;
  const outputs = variable.shape.at(-1)!;
  fill(layer, xavierUniform(size / outputs, outputs, random));
}

/** The weight from `N(0, std²)`, the bias 0. */
export function fillNormal(layer: FilledLayer, std: number, random: Random): void {
  const values = new Float32Array(layer.weight.size);
  random.fillNormal(values, 0, std);
  fill(layer, values);
}

/** Weight and bias 0. */
export function fillZeros(layer: FilledLayer): void {
  fill(layer, new Float32Array(layer.weight.size));
}

function fill({ weight, bias }: FilledLayer, values: Float32Array): void {
  assign(weight, values);
  if (bias) assign(bias, new Float32Array(bias.size));
}

/** Values that are drawn alike need not be put into another layout. */
function assign({ variable }: Parameter, values: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
}
