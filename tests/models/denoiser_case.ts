/** Holding networks to what `nn_dit.json` has of PyTorch's. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { type DiffusionLoss, diffusionLoss } from "../../lib/diffusion/loss.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import type { DenoisingNetwork } from "../../lib/models/denoising_network.ts";
import type { Module, Parameter } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import type { Scalar, Tensor, Tensor1D, Tensor4D, TensorMap } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import { fromTorch, hashState, permutedFrom, toTorch } from "../nn/reference.ts";

/** Entries `0, stride, 2 stride, …` of a tensor in PyTorch's layout. */
export interface Sampled {
  readonly stride: number;
  readonly samples: readonly number[];
}

/** What the fixture says of the weights of a network. */
export interface WeightsCase {
  readonly parameters: Readonly<Record<string, HashTensor>>;
  readonly gradients: Readonly<Record<string, Sampled & { readonly norm: number }>>;
}

/** What it says of a network that predicts noise. */
export interface DenoiserCase extends WeightsCase {
  readonly x: HashTensor;
  readonly target: HashTensor;
  readonly times: readonly number[];
  readonly labels: readonly number[];
  readonly loss: string;
  readonly output: Sampled;
  /** Of each step with Adam at 1e-3, before its update. */
  readonly losses: readonly number[];
}

/** Fills a network from the fixture, which must name its tensors in the same order. */
export function fill<T extends Module>(network: T, { parameters }: WeightsCase): T {
  assert.deepEqual([...network.namedParameters()].map(([key]) => key), Object.keys(parameters));
  network.loadStateDict(hashState(parameters));
  return network;
}

/** Holds a tensor to samples, to 1e-4 of its largest value. */
export async function checkSamples(tensor: Tensor, expected: Sampled): Promise<void> {
  checkValues(await toTorch(tensor), expected);
}

/** Holds `values` to samples; `from` says where the value that PyTorch has at an index lies. */
function checkValues(
  values: Float32Array,
  { stride, samples }: Sampled,
  from: (index: number) => number = (index) => index,
): void {
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const actual = samples.map((_, i) => values[from(i * stride)]!);
  assertAllClose(actual, samples, { rtol: 0, atol: 1e-4 * largest });
}

/** The trained tensors of a network by their names. */
export function trained(network: Module): [name: string, parameter: Parameter][] {
  return [...network.namedParameters()].filter(([, { trainable }]) => trainable);
}

/** Holds the gradients of all trained tensors to the fixture's. */
export async function checkGradients(
  network: Module,
  grads: TensorMap,
  { gradients }: WeightsCase,
): Promise<void> {
  assert.deepEqual(trained(network).map(([name]) => name), Object.keys(gradients));
  for (const [name, { variable, layout }] of trained(network)) {
    const own = await grads[variable.name]!.data() as Float32Array;
    const expected = gradients[name]!;
    const norm = Math.sqrt(own.reduce((sum, x) => sum + x * x, 0));
    assertAllClose([norm], [expected.norm], { rtol: 1e-4, atol: 0 });
    checkValues(own, expected, (i) => permutedFrom(i, layout.view, layout.order));
  }
}

/** The inputs of a case, and the loss of a network on them. */
export function lossOf(c: DenoiserCase) {
  const x = fromTorch(hashTensor(c.x), c.x.shape) as Tensor4D;
  const target = fromTorch(hashTensor(c.target), c.target.shape) as Tensor4D;
  const t = tf.tensor1d([...c.times]);
  const labels = tf.tensor1d([...c.labels], "int32");
  const output = (network: DenoisingNetwork) => network.denoise(x, t, labels);
  const loss = (network: DenoisingNetwork): Scalar =>
    diffusionLoss(output(network), { target }, c.loss as DiffusionLoss);
  return { output, loss };
}

/** Holds output, loss and gradients of a network to the fixture's. */
export async function checkFirstPass(network: DenoisingNetwork, c: DenoiserCase): Promise<void> {
  const device = await openDevice();
  fill(network, c);
  const { output, loss } = lossOf(c);
  await checkSamples(tf.tidy(() => output(network)), c.output);
  const variables = trained(network).map(([, { variable }]) => variable);
  const { value, grads } = tf.tidy(() => tf.variableGrads(() => loss(network), variables));
  assertAllClose(await value.data(), [c.losses[0]!], { rtol: 1e-5 });
  await checkGradients(network, grads, c);
  device.check();
  tf.dispose(grads);
}

/** Steps that are taken eagerly too; the third is the first that a recording replays. */
const EAGER_STEPS = 4;

/**
 * Holds the losses of a recorded step to `expected`, and some to those of the same step run eagerly,
 * unless `eagerSteps` is 0.
 */
export async function checkSteps(
  prepare: (clock: Clock, steps: number) => () => Scalar,
  expected: readonly number[],
  eagerSteps = EAGER_STEPS,
): Promise<void> {
  const device = await openDevice();
  const run = async (compile: (step: () => Scalar) => CompiledStep, steps: number) => {
    const clock = new Clock();
    const work = prepare(clock, expected.length);
    const step = compile(() => {
      const loss = work();
      clock.advance();
      return loss;
    });
    const losses = await step.run(steps);
    step.dispose();
    return losses;
  };
  const recorded = await run(compileStep, expected.length);
  assertAllClose(recorded, expected, { rtol: 1e-3, atol: 0 });
  if (eagerSteps > 0) {
    assert.deepEqual(await run(eagerStep, eagerSteps), recorded.slice(0, eagerSteps));
  }
  device.check();
}

/** Trains a network by Adam as the fixture did and holds its losses to the fixture's. */
export async function checkTraining(make: () => DenoisingNetwork, c: DenoiserCase): Promise<void> {
  const { loss } = lossOf(c);
  await checkSteps((clock, steps) => {
    const network = fill(make(), c);
    const optimizer = new Adam(network.namedParameters(), { lr: 1e-3 });
    optimizer.follow(clock, () => 1e-3, steps);
    return () => {
      const { value, grads } = tf.variableGrads(() => loss(network), optimizer.variables);
      optimizer.step(grads);
      return value;
    };
  }, c.losses);
}

/** Dispatches of the forward pass on a batch, and of it with the backward pass; no loss, no optimizer. */
export async function countDispatches(
  network: DenoisingNetwork,
  shape: [count: number, height: number, width: number, channels: number],
): Promise<{ forward: number; both: number }> {
  await openDevice();
  const x = tf.zeros(shape) as Tensor4D;
  const t = tf.zeros([shape[0]]) as Tensor1D;
  const labels = tf.zeros([shape[0]], "int32") as Tensor1D;
  const loss = () => tf.sum(network.denoise(x, t, labels)) as Scalar;
  const variables = trained(network).map(([, { variable }]) => variable);
  const count = async (work: () => Scalar) => {
    const step = compileStep(work);
    await step.run(2);
    const { dispatches } = step.stats!;
    step.dispose();
    return dispatches;
  };
  // The sum and the loss ring are a dispatch each, and so is the sum's gradient.
  return {
    forward: await count(loss) - 2,
    both: await count(() => tf.variableGrads(loss, variables).value) - 3,
  };
}
