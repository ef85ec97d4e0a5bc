/** Layers as one writes them in plain tfjs. @module */

import { tf } from "../deps.ts";
import type { Tensor, Tensor4D } from "../tensor.ts";

/** `(N, …)` to `(N, product of the rest)`. */
export function flat(x: Tensor): Tensor {
  return tf.reshape(x, [x.shape[0]!, -1]);
}

/** `x · weight + bias`: `(N, in)` to `(N, out)`. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return tf.add(tf.matMul(x, weight), bias);
}

/** A convolution with bias: `(N, H, W, in)` to `(N, H', W', out)`. */
export function conv(
  x: Tensor,
  filter: Tensor,
  bias: Tensor,
  pad: "same" | "valid",
  stride = 1,
): Tensor {
  return tf.add(tf.conv2d(x as Tensor4D, filter as Tensor4D, stride, pad), bias);
}

/** A transposed convolution with bias: `(N, H, W, in)` to `(N, H', W', out)`. */
export function convTranspose(
  x: Tensor,
  filter: Tensor,
  bias: Tensor,
  pad: "same" | "valid",
  stride = 1,
): Tensor {
  const [count, rows, columns] = x.shape as [number, number, number];
  const [size, , channels] = filter.shape as [number, number, number];
  const grown = (length: number) => length * stride + (pad === "valid" ? size - stride : 0);
  const shape: [number, number, number, number] = [count, grown(rows), grown(columns), channels];
  const y = tf.conv2dTranspose(x as Tensor4D, filter as Tensor4D, shape, stride, pad);
  return tf.add(y, bias);
}

/** `x` with mean 0 and variance 1 over `axes`. */
export function normalize(x: Tensor, axes: number | number[], eps = 1e-5): Tensor {
  const { mean, variance } = tf.moments(x, axes, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, eps)));
}

/** {@link normalize}, scaled and shifted: with the axes of a layer norm or of a batch norm. */
export function norm(x: Tensor, weight: Tensor, bias: Tensor, axes: number | number[]): Tensor {
  return tf.add(tf.mul(normalize(x, axes), weight), bias);
}

/** Group norm of `(N, H, W, C)`. */
export function groupNorm(x: Tensor, weight: Tensor, bias: Tensor, groups: number): Tensor {
  const [count, rows, columns, channels] = x.shape as [number, number, number, number];
  const grouped = tf.reshape(x, [count, rows, columns, groups, channels / groups]);
  const normal = tf.reshape(normalize(grouped, [1, 2, 4]), x.shape);
  return tf.add(tf.mul(normal, weight), bias);
}

/** Self-attention of queries, keys and values side by side: `(N, T, 3 D)` to `(N, T, D)`. */
export function attention(qkv: Tensor, heads: number): Tensor {
  const [count, tokens, width] = qkv.shape as [number, number, number];
  const dim = width / 3 / heads;
  const [q, k, v] = tf.split(tf.reshape(qkv, [count, tokens, 3 * heads, dim]), 3, 2)
    .map((part) => tf.transpose(part, [0, 2, 1, 3])) as [Tensor, Tensor, Tensor];
  const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(dim)));
  const mixed = tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]);
  return tf.reshape(mixed, [count, tokens, heads * dim]);
}

/** A linear layer on each token: `(N, T, in)` to `(N, T, out)`. */
export function perToken(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [count, tokens, width] = x.shape as [number, number, number];
  const y = linear(tf.reshape(x, [count * tokens, width]), weight, bias);
  return tf.reshape(y, [count, tokens, y.shape[1]!]);
}

/** `x Φ(x)`. */
export function gelu(x: Tensor): Tensor {
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))));
}

/** `x Φ(x)` with the hyperbolic tangent in the place of the error function. */
export function geluTanh(x: Tensor): Tensor {
  const cubic = tf.add(x, tf.mul(tf.mul(x, tf.square(x)), 0.044715));
  return tf.mul(tf.mul(x, 0.5), tf.add(1, tf.tanh(tf.mul(cubic, Math.sqrt(2 / Math.PI)))));
}

/** `x σ(x)`. */
export function silu(x: Tensor): Tensor {
  return tf.mul(x, tf.sigmoid(x));
}
