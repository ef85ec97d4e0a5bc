/** Training as one writes it in plain tfjs: variables, its own losses and optimizers. @module */

import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import { collectIfDue } from "../engine/collect.ts";
import type { Module } from "../nn/module.ts";
import type { Scalar } from "../tensor.ts";
import { makeBatch } from "../train/batches.ts";
import { onStock } from "./stock.ts";
import type { Forward } from "./stock_networks.ts";
import { gpuDone, type Work } from "./stopwatch.ts";
import { MAX_VALUE, SHAPE, type Training } from "./workload.ts";

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
    // Not tf.clone(), which would share the memory that our own steps write to.
    .map(([, { variable }]) => tf.tidy(() => tf.variable(tf.mul(variable, 1))));
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
