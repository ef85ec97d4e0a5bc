/** What the tests of layers and networks share: layouts by plain loops, and PyTorch's numbers. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Context, Module, type StateDict } from "../../lib/nn/module.ts";
import type { Tensor, Variable } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import fixture from "../fixtures/nn_layers.json" with { type: "json" };

/** One layer's case in `nn_layers.json`, everything in PyTorch's layout. */
export interface LayerCase {
  /** PyTorch's name of the layer. */
  readonly layer: string;
  /** Its options. */
  readonly options: Readonly<Record<string, number | boolean>>;
  /** The input. */
  readonly input: HashTensor;
  /** Weights by name. */
  readonly parameters: Readonly<Record<string, HashTensor>>;
  /** The gradient of the output. */
  readonly outputGradient: HashTensor;
  /** The output. */
  readonly output: readonly number[];
  /** Gradients of `input` and of the weights, by name. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** The cases of one layer. */
export function layerCases(layer: string): LayerCase[] {
  return (fixture.layers as unknown as LayerCase[]).filter((c) => c.layer === layer);
}

/** The definition of `permute()`: which value of a tensor comes to place `flat`, by its indices. */
export function permutedFrom(
  flat: number,
  shape: readonly number[],
  order: readonly number[],
): number {
  const indices = new Array<number>(shape.length);
  for (let k = order.length - 1; k >= 0; k--) {
    const size = shape[order[k]!]!;
    indices[order[k]!] = flat % size;
    flat = Math.floor(flat / size);
  }
  return indices.reduce((offset, index, axis) => offset * shape[axis]! + index, 0);
}

/** All values of a tensor, each at the place that {@link permutedFrom} says. */
export function permuteByIndices(
  values: ArrayLike<number>,
  shape: readonly number[],
  order: readonly number[],
): Float32Array<ArrayBuffer> {
  const length = values.length;
  return Float32Array.from({ length }, (_, at) => values[permutedFrom(at, shape, order)]!);
}

/** A tensor of PyTorch's values in our layout: images as `(N, H, W, C)`, all else as it is. */
export function fromTorch(values: Float32Array, shape: readonly number[]): Tensor {
  if (shape.length !== 4) return tf.tensor(values, [...shape]);
  const [n, c, h, w] = shape as [number, number, number, number];
  return tf.tensor(permuteByIndices(values, shape, [0, 2, 3, 1]), [n, h, w, c]);
}

/** A tensor's values in PyTorch's layout: the inverse of {@link fromTorch}. */
export async function toTorch(tensor: Tensor): Promise<Float32Array> {
  const values = await tensor.data() as Float32Array;
  return tensor.shape.length === 4 ? permuteByIndices(values, tensor.shape, [0, 3, 1, 2]) : values;
}

/** The tensors that the hash describes, as a state dict. */
export function hashState(described: Readonly<Record<string, HashTensor>>): StateDict {
  return new Map(
    Object.entries(described).map((
      [name, tensor],
    ) => [name, { shape: tensor.shape, values: hashTensor(tensor) }]),
  );
}

/** Fills `layer` from the case, runs it and holds its output and all gradients to the case's. */
export async function checkLayer(c: LayerCase, layer: Module): Promise<void> {
  const device = await openDevice();
  layer.loadStateDict(hashState(c.parameters));
  const input = tf.tidy(() => tf.variable(fromTorch(hashTensor(c.input), c.input.shape)));
  const dy = fromTorch(hashTensor(c.outputGradient), c.outputGradient.shape);
  const parameters = [...layer.namedParameters()];
  const variables: Variable[] = [input, ...parameters.map(([, { variable }]) => variable)];
  const output = tf.tidy(() => layer.forward(input, new Context()));
  const { grads } = tf.tidy(() =>
    tf.variableGrads(() => tf.sum(tf.mul(layer.forward(input, new Context()), dy)), variables)
  );
  const tolerance = { rtol: 1e-5, atol: 1e-5 };
  assertAllClose(await toTorch(output), c.output, tolerance);
  assertAllClose(await toTorch(grads[input.name]!), c.gradients.input!, tolerance);
  for (const [name, { variable, layout }] of parameters) {
    const own = await grads[variable.name]!.data();
    const gradient = permuteByIndices(own, layout.view, layout.order);
    assertAllClose(gradient, c.gradients[name]!, tolerance);
  }
  device.check();
  tf.dispose([input, dy, output, grads]);
}

/** A module without weights, from a function. */
export class Functional extends Module {
  readonly #function: (x: Tensor) => Tensor;

  /** @param apply What it computes. */
  constructor(apply: (x: Tensor) => Tensor) {
    super();
    this.#function = apply;
  }

  /** The function's value. */
  forward(x: Tensor): Tensor {
    return this.#function(x);
  }
}
