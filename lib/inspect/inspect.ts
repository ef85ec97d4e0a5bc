/** The layers, operations and memory of a network, found without computing. @module */

import { tf } from "../deps.ts";
import { Context, type Module } from "../nn/module.ts";
import type { Scalar, Tensor } from "../tensor.ts";
import { type Figures, type Layer, layerOf } from "./layers.ts";
import { Observer } from "./observe.ts";
import { withShapesOnly } from "./shape_backend.ts";

/** Bytes on the GPU in a training step. */
export interface TrainingMemory {
  /** Parameters and buffers. */
  readonly weights: number;
  /** A gradient for each trained parameter. */
  readonly gradients: number;
  /** Adam's two averages for each trained parameter. */
  readonly adam: number;
  /** All that the forward pass has made and holds when the backward pass begins. */
  readonly activations: number;
  /** The largest tensor of both passes. A kernel must be able to bind it; adapters set a limit. */
  readonly largest: number;
}

/** What is known of a network. */
export interface Inspection extends Figures {
  /** Values that training changes. */
  readonly trained: number;
  /** Images of the training step. */
  readonly batchSize: number;
  /** Memory of the training step. */
  readonly memory: TrainingMemory;
  /** The network's parts, in the order of their definition. */
  readonly layers: readonly Layer[];
}

/** Options of {@link inspectNetwork}. */
export interface InspectOptions {
  /** Images of the training step whose memory is estimated. @default 64 */
  readonly batchSize?: number;
}

/**
 * Looks through a network. Nothing is computed, and neither a device nor a driver is needed: the
 * passes run with shapes only.
 *
 * @param build Builds the network.
 * @param pass Runs it on `count` images; tensors for it must be made in there.
 * @param options The batch size.
 *
 * @example A network of your own
 * ```ts
 * import { Context, inspectNetwork, Linear, Module, Random } from "../../mod.ts";
 * import { tf } from "../deps.ts";
 * import assert from "node:assert/strict";
 *
 * class Classifier extends Module {
 *   readonly fc: Linear = new Linear(64, 10, { random: new Random(1, "init") });
 *   forward(x: tf.Tensor): tf.Tensor {
 *     return this.fc.forward(x);
 *   }
 * }
 *
 * const { parameters, flops, layers } = inspectNetwork(
 *   () => new Classifier(),
 *   (network, count) => network.forward(tf.zeros([count, 64])),
 * );
 * assert.deepEqual([parameters, flops], [650, 2 * 640]);
 * assert.deepEqual(layers.map(({ path, kind }) => [path, kind]), [["fc", "Linear"]]);
 * ```
 */
export function inspectNetwork<M extends Module>(
  build: () => M,
  pass: (network: M, count: number, context: Context) => Tensor,
  { batchSize = 64 }: InspectOptions = {},
): Inspection {
  const observer = new Observer();
  return withShapesOnly((bytes, largest) => {
    const network = build();
    try {
      observer.watch(network, () => tf.tidy(() => void pass(network, 1, new Context())));
      const whole = layerOf("", network, observer);
      const { parameterCount: trained } = network;
      const { path: _path, kind: _kind, output: _output, layers, ...figures } = whole;
      const run = (context: Context) => pass(network, batchSize, context);
      const memory: TrainingMemory = {
        weights: 4 * (figures.parameters + figures.buffers),
        gradients: 4 * trained,
        adam: 2 * 4 * trained,
        activations: activationBytes(network, bytes, run),
        largest: largest(),
      };
      return { ...figures, trained, batchSize, memory, layers };
    } finally {
      network.dispose();
    }
  }, (call) => observer.hear(call));
}

/** Bytes that a training pass has added when its backward pass begins. */
function activationBytes(
  network: Module,
  bytes: () => number,
  pass: (context: Context) => Tensor,
): number {
  const variables = [...network.namedParameters()].map(([, { variable }]) => variable)
    .filter(({ trainable }) => trainable);
  if (variables.length === 0) return 0;
  const before = bytes();
  let made = 0;
  tf.variableGrads(() => {
    const y = pass(Context.training(0, 0));
    made = bytes() - before;
    return tf.mean(y) as Scalar;
  }, variables);
  return made;
}
