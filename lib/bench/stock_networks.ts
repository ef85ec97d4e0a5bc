/** The project's classifiers as one writes them in plain tfjs. @module */

import { tf } from "../deps.ts";
import type { Tensor, Tensor4D, Variable } from "../tensor.ts";
import { attention, conv, flat, gelu, linear, norm, perToken } from "./stock_layers.ts";

/** From images `(N, H, W, C)` and parameters, in their order in the network, to logits. */
export type Forward = (x: Tensor, parameters: readonly Variable[]) => Tensor;

/** `784-128-64-10` with ReLU, without dropout. */
export function mlp(x: Tensor, parameters: readonly Variable[]): Tensor {
  const [w1, b1, w2, b2, w3, b3] = parameters as Six;
  const h = tf.relu(linear(flat(x), w1, b1));
  return linear(tf.relu(linear(h, w2, b2)), w3, b3);
}

/** Two 5×5 convolutions with max pooling, two linear layers, without dropout. */
export function cnn(x: Tensor, parameters: readonly Variable[]): Tensor {
  const [w1, b1, w2, b2, w3, b3, w4, b4] = parameters as Eight;
  let h = tf.maxPool(tf.relu(conv(x, w1, b1, "same")) as Tensor4D, 2, 2, "valid");
  h = tf.maxPool(tf.relu(conv(h, w2, b2, "same")) as Tensor4D, 2, 2, "valid");
  return linear(tf.relu(linear(flat(h), w3, b3)), w4, b4);
}

/** Two 5×5 convolutions with average pooling, three linear layers. */
export function lenet5(x: Tensor, parameters: readonly Variable[]): Tensor {
  const [w1, b1, w2, b2, w3, b3, w4, b4, w5, b5] = parameters as Ten;
  let h = tf.avgPool(tf.relu(conv(x, w1, b1, "valid")) as Tensor4D, 2, 2, "valid");
  h = tf.avgPool(tf.relu(conv(h, w2, b2, "valid")) as Tensor4D, 2, 2, "valid");
  const y = tf.relu(linear(flat(h), w3, b3));
  return linear(tf.relu(linear(y, w4, b4)), w5, b5);
}

/** A GRU over the rows of the image, and a linear layer on its last state. */
export function gru(x: Tensor, parameters: readonly Variable[]): Tensor {
  const [wInput, wHidden, bInput, bHidden, w, b] = parameters as Six;
  const hidden = wHidden.shape[0]!;
  const [count, rows, columns] = x.shape as [number, number, number];
  let h: Tensor = tf.zeros([count, hidden]);
  for (let row = 0; row < rows; row++) {
    const input = tf.reshape(tf.slice(x, [0, row, 0, 0], [count, 1, columns, 1]), [count, columns]);
    const [ir, iz, inew] = tf.split(linear(input, wInput, bInput), 3, 1);
    const [hr, hz, hnew] = tf.split(linear(h, wHidden, bHidden), 3, 1);
    const r = tf.sigmoid(tf.add(ir!, hr!));
    const z = tf.sigmoid(tf.add(iz!, hz!));
    const n = tf.tanh(tf.add(inew!, tf.mul(r, hnew!)));
    h = tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, h));
  }
  return linear(h, w, b);
}

/** Patches of 4×4, a class token, 4 pre-norm transformer blocks with 8 heads. */
export function vit(x: Tensor, parameters: readonly Variable[]): Tensor {
  const [token, positions, wPatch, bPatch, ...rest] = parameters as [...Four, ...Variable[]];
  const count = x.shape[0]!;
  const width = token.size;
  const patches = conv(x, wPatch, bPatch, "valid", 4);
  const tokens = tf.tile(tf.reshape(token, [1, 1, width]), [count, 1, 1]);
  let h: Tensor = tf.concat([tokens, tf.reshape(patches, [count, -1, width])], 1);
  h = tf.add(h, positions);
  for (let at = 0; at + BLOCK_TENSORS < rest.length; at += BLOCK_TENSORS) {
    h = vitBlock(h, rest.slice(at, at + BLOCK_TENSORS));
  }
  const first = tf.reshape(tf.slice(h, [0, 0, 0], [count, 1, width]), [count, width]);
  return linear(first, rest.at(-2)!, rest.at(-1)!);
}

const BLOCK_TENSORS = 12;
const HEADS = 8;

function vitBlock(x: Tensor, block: readonly Variable[]): Tensor {
  const [g1, c1, wIn, bIn, wOut, bOut, g2, c2, w1, b1, w2, b2] = block as [...Ten, ...Two];
  const qkv = perToken(norm(x, g1, c1, -1), wIn, bIn);
  const h = tf.add(x, perToken(attention(qkv, HEADS), wOut, bOut));
  const hidden = gelu(perToken(norm(h, g2, c2, -1), w1, b1));
  return tf.add(h, perToken(hidden, w2, b2));
}

type Two = [Variable, Variable];
type Four = [...Two, ...Two];
type Six = [Variable, Variable, Variable, Variable, Variable, Variable];
type Eight = [...Six, Variable, Variable];
type Ten = [...Eight, Variable, Variable];
