/**
 * The types of tfjs that appear in this library's signatures, under names of their own so that its
 * documentation is complete without tfjs's.
 *
 * @module
 */

import type { tf } from "./deps.ts";

/** A tensor of any rank. */
export type Tensor = tf.Tensor;
/** A tensor of one number. */
export type Scalar = tf.Scalar;
/** A tensor of rank 1. */
export type Tensor1D = tf.Tensor1D;
/** A tensor of rank 4, such as a batch of images `(N, H, W, C)`. */
export type Tensor4D = tf.Tensor4D;
/** A tensor that keeps its place while its values change. */
export type Variable = tf.Variable;
/** Tensors by name, as `tf.variableGrads` returns gradients. */
export type TensorMap = tf.NamedTensorMap;
/** A tensor as kernels see it: its data's id, shape and type. */
export type TensorInfo = tf.TensorInfo;
/** A kernel with its name and backend. */
export type KernelConfig = tf.KernelConfig;
