/** Training as one writes it in plain tfjs: variables, its own losses and optimizers. @module */

import type { ImageSet } from "../data/types.ts";
import { tf } from "../deps.ts";
import { collectIfDue } from "../engine/collect.ts";
import type { Module } from "../nn/module.ts";
import type { Scalar, Variable } from "../tensor.ts";
import { makeBatch } from "../train/batches.ts";
import { onStock } from "./stock.ts";
import type { Forward } from "./stock_networks.ts";
import { gpuDone, type Work } from "./stopwatch.ts";
import { MAX_VALUE, SHAPE, type Training } from "./workload.ts";

/** A training step in plain tfjs. */
export interface StockStep {
  /** Takes one; returns its loss. */
  take(): Scalar;
  /** Frees all that it works on. */
  dispose(): void;
}

/** Training in plain tfjs. */
export interface StockTraining {
  /** Takes steps. */
  readonly run: Work;
  /** The losses of the first steps, as many as `kept`. */
  losses(): Promise<number[]>;
  /** Frees all that it works on. */
  dispose(): void;
}

/** Takes steps over and over with stock kernels, and keeps the losses of the first `kept`. */
export function stockTraining(step: StockStep, kept: number): StockTraining {
  const first: Scalar[] = [];
  return {
    run: onStock(async (times) => {
      for (let i = 0; i < times; i++) {
        const loss = step.take();
        if (first.length < kept) first.push(loss);
        else loss.dispose();
        collectIfDue();
      }
      await gpuDone();
    }),
    losses: () => Promise.all(first.map(async (loss) => (await loss.data())[0]!)),
    dispose(): void {
      tf.dispose(first);
      step.dispose();
    },
  };
}

/** A network's parameters and buffers by name, copied as they are now; the layouts are tfjs's. */
export class StockWeights {
  /** What is trained. */
  readonly trained: Variable[] = [];
  readonly #all = new Map<string, Variable>();

  /** Copies. */
  constructor(network: Module) {
    for (const [name, { variable, trainable }] of network.namedParameters()) {
      // Not tf.clone(), which would share the memory that our own steps write to.
      const copy = tf.tidy(() => tf.variable(tf.mul(variable, 1), trainable));
      this.#all.set(name, copy);
      if (trainable) this.trained.push(copy);
    }
  }

  /** The tensor of a name. */
  readonly get = (name: string): Variable => this.#all.get(name)!;

  /** Frees them. */
  dispose(): void {
    tf.dispose([...this.#all.values()]);
  }
}

/** The optimizer of a training. */
export function stockOptimizer({ optimizer, lr }: Training): tf.Optimizer {
  // PyTorch's epsilon, which is ours; tfjs's own default is ten times that.
  return optimizer === "sgd" ? tf.train.sgd(lr) : tf.train.adam(lr, 0.9, 0.999, 1e-8);
}

/**
 * A classifier's step, over a batch that lies on the GPU.
 *
 * @param forward The network, without buffers.
 * @param network Where the initial weights are copied from, at once.
 * @param training Optimizer and learning rate.
 * @param images One batch.
 */
export function stockClassifier(
  forward: Forward,
  network: Module,
  training: Training,
  images: ImageSet,
): StockStep {
  const weights = new StockWeights(network);
  const optimizer = stockOptimizer(training);
  const indices = Array.from({ length: images.count }, (_, i) => i);
  const batch = makeBatch(images, indices, { maxValue: MAX_VALUE });
  const labels = tf.tidy(() => tf.cast(tf.oneHot(batch.labels, SHAPE.classes), "float32"));
  const computeLoss = () =>
    tf.losses.softmaxCrossEntropy(labels, forward(batch.images, weights.trained)) as Scalar;
  return {
    take: () => optimizer.minimize(computeLoss, true, weights.trained)!,
    dispose(): void {
      tf.dispose([batch.images, batch.labels, labels]);
      weights.dispose();
      optimizer.dispose();
    },
  };
}
