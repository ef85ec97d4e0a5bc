/** Holding classifier networks to what a fixture has of PyTorch's. @module */

import { tf } from "../../lib/deps.ts";
import type { Batch } from "../../lib/engine/feed.ts";
import { crossEntropy } from "../../lib/nn/loss.ts";
import { Context, type Module } from "../../lib/nn/module.ts";
import type { Optimizer } from "../../lib/nn/optim/optimizer.ts";
import { trainStep } from "../../lib/train/loop.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import type { HashTensor } from "../fixtures/hash_values.ts";
import { hashState, permuteByIndices } from "../nn/reference.ts";

/** What a fixture says of one network. */
export interface NetworkCase {
  readonly parameters: Readonly<Record<string, HashTensor>>;
  readonly first: {
    readonly logits: readonly (readonly number[])[];
    readonly loss: number;
    readonly gradients: Readonly<Record<string, Gradient>>;
  };
  readonly sgd: { readonly losses: readonly number[] };
  readonly adam?: { readonly losses: readonly number[] };
}

/** A gradient: norm, sum, and its entries at `0, stride, 2 stride, …`. */
interface Gradient {
  readonly norm: number;
  readonly sum: number;
  readonly stride: number;
  readonly samples: readonly number[];
}

const training = () => Context.training(0, 0);

/** Fills a network from the fixture, which must name its tensors in the same order. */
export function fill<T extends Module>(network: T, { parameters }: NetworkCase): T {
  assert.deepEqual([...network.namedParameters()].map(([key]) => key), Object.keys(parameters));
  network.loadStateDict(hashState(parameters));
  return network;
}

/** Holds logits, loss and gradients of a training pass to the fixture's. */
export async function checkFirstPass(
  network: Module,
  batch: Batch,
  { first }: NetworkCase,
): Promise<void> {
  const logits = tf.tidy(() => network.forward(batch.images, training()));
  const expected = first.logits.flat();
  const values = (await logits.data()).slice(0, expected.length);
  assertAllClose(values, expected, { rtol: 0, atol: 1e-4 * largest(expected) });

  const parameters = [...network.namedParameters()].filter(([, { trainable }]) => trainable);
  const { value, grads } = tf.tidy(() =>
    tf.variableGrads(
      () => crossEntropy(network.forward(batch.images, training()), batch.labels),
      parameters.map(([, { variable }]) => variable),
    )
  );
  assertAllClose(await value.data(), [first.loss], { rtol: 1e-5 });
  for (const [name, { variable, layout }] of parameters) {
    const own = await grads[variable.name]!.data();
    checkGradient(permuteByIndices(own, layout.view, layout.order), first.gradients[name]!);
  }
  tf.dispose([logits, value, grads]);
}

function checkGradient(gradient: Float32Array, { norm, sum, stride, samples }: Gradient): void {
  // A bias before a batch norm has no effect: its gradient is 0 but for rounding.
  const floor = 1e-6;
  const atol = 1e-4 * largest(gradient) + floor;
  assertAllClose(samples.map((_, i) => gradient[i * stride]!), samples, { rtol: 0, atol });
  assertAllClose([Math.sqrt(gradient.reduce((s, x) => s + x * x, 0))], [norm], {
    rtol: 1e-4,
    atol: floor * Math.sqrt(gradient.length),
  });
  const magnitude = gradient.reduce((s, x) => s + Math.abs(x), 0);
  const total = gradient.reduce((s, x) => s + x, 0);
  assertAllClose([total], [sum], { rtol: 0, atol: 1e-4 * magnitude + floor * gradient.length });
}

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

/**
 * Trains as many steps as there are losses and holds each loss to PyTorch's: to 1e-3 in the first
 * `calm` steps, to 1e-2 after them.
 */
export async function checkLosses(
  network: Module,
  optimizer: Optimizer,
  batches: readonly Batch[],
  expected: readonly number[],
  calm = expected.length,
): Promise<void> {
  const losses: Scalar[] = expected.map((_, step) =>
    trainStep(network, optimizer, batches[step % batches.length]!, training())
  );
  const actual = await tf.stack(losses).data();
  assertAllClose(actual.slice(0, calm), expected.slice(0, calm), { rtol: 1e-3, atol: 0 });
  assertAllClose(actual, expected, { rtol: 1e-2, atol: 0 });
}
