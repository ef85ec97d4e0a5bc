/**
 * The project's networks and their training as one writes them in plain tfjs: variables,
 * operations, its own losses and optimizers.
 *
 * @module
 */

import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import { collectIfDue } from "../engine/collect.ts";
import type { Module } from "../nn/module.ts";
import type { Scalar, Tensor, Tensor4D, Variable } from "../tensor.ts";
import { makeBatch } from "../train/batches.ts";
import { onStock } from "./stock.ts";
import { gpuDone, type Work } from "./stopwatch.ts";
import { MAX_VALUE, SHAPE, type Training } from "./workload.ts";

/** From images `(N, H, W, C)` and parameters, in their order in the network, to logits. */
export type Forward = (x: Tensor, parameters: readonly Variable[]) => Tensor;

/** `784-128-64-10` with ReLU, without dropout. */
export function mlp(x: Tensor, parameters: readonly Variable[]): Tensor {
  const [w1, b1, w2, b2, w3, b3] = parameters as Six;
  let h = tf.relu(tf.add(tf.matMul(tf.reshape(x, [x.shape[0]!, -1]), w1), b1));
  h = tf.relu(tf.add(tf.matMul(h, w2), b2));
  return tf.add(tf.matMul(h, w3), b3);
}

/** Two 5×5 convolutions with max pooling, two linear layers, without dropout. */
export function cnn(x: Tensor, parameters: readonly Variable[]): Tensor {
  const [w1, b1, w2, b2, w3, b3, w4, b4] = parameters as Eight;
  let h = tf.relu(tf.add(tf.conv2d(x as Tensor4D, w1 as Filter, 1, "same"), b1)) as Tensor4D;
  h = tf.maxPool(h, 2, 2, "valid");
  h = tf.relu(tf.add(tf.conv2d(h, w2 as Filter, 1, "same"), b2)) as Tensor4D;
  h = tf.maxPool(h, 2, 2, "valid");
  const flat = tf.reshape(h, [h.shape[0], -1]);
  return tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(flat, w3), b3)), w4), b4);
}

type Six = [Variable, Variable, Variable, Variable, Variable, Variable];
type Eight = [...Six, Variable, Variable];
type Filter = tf.Variable<tf.Rank.R4>;

/** Training in plain tfjs. */
export interface StockTraining {
  /** Takes steps. */
  readonly run: Work;
  /** The losses of the first steps, as many as `kept`. */
  losses(): Promise<number[]>;
  /** Frees all that it works on. */
  dispose(): void;
}

/**
 * Training in plain tfjs, with stock kernels, over a batch that lies on the GPU.
 *
 * @param forward The network.
 * @param network Where the initial weights are copied from, at once; the layouts are tfjs's.
 * @param training Optimizer and learning rate.
 * @param images One batch.
 * @param kept Losses to keep.
 */
export function stockTraining(
  forward: Forward,
  network: Module,
  training: Training,
  images: ImageSet,
  kept: number,
): StockTraining {
  const parameters = [...network.namedParameters()]
    .map(([, { variable }]) => tf.tidy(() => tf.variable(tf.clone(variable))));
  const { lr } = training;
  // PyTorch's epsilon, which is ours; tfjs's own default is ten times that.
  const optimizer = training.optimizer === "sgd"
    ? tf.train.sgd(lr)
    : tf.train.adam(lr, 0.9, 0.999, 1e-8);
  const indices = Array.from({ length: images.count }, (_, i) => i);
  const batch = makeBatch(images, indices, { maxValue: MAX_VALUE });
  const labels = tf.tidy(() => tf.cast(tf.oneHot(batch.labels, SHAPE.classes), "float32"));
  const first: Scalar[] = [];

  const computeLoss = () =>
    tf.losses.softmaxCrossEntropy(labels, forward(batch.images, parameters)) as Scalar;
  return {
    run: onStock(async (times) => {
      for (let i = 0; i < times; i++) {
        const loss = optimizer.minimize(computeLoss, true, parameters)!;
        if (first.length < kept) first.push(loss);
        else loss.dispose();
        collectIfDue();
      }
      await gpuDone();
    }),
    losses: () => Promise.all(first.map(async (loss) => (await loss.data())[0]!)),
    dispose(): void {
      tf.dispose([batch.images, batch.labels, labels, ...first, ...parameters]);
      optimizer.dispose();
    },
  };
}
