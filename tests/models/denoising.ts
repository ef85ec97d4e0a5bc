/** What the tests of denoising networks share: they compute and learn what PyTorch's do. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { compileStep, eagerStep } from "../../lib/engine/step.ts";
import type { DenoisingNetwork } from "../../lib/models/denoising_network.ts";
import { mseLoss } from "../../lib/nn/loss.ts";
import { Context } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import { fromTorch, hashState, permutedFrom, toTorch } from "../nn/reference.ts";

/** What `nn_unets.json` says of every network. */
export interface DenoisingCase {
  /** Noisy images. */
  readonly image: HashTensor;
  /** Their times. */
  readonly t: readonly number[];
  /** Their classes, the last of them none. */
  readonly labels: readonly number[];
  /** What the network is to give. */
  readonly target: HashTensor;
  /** Parameters without buffers. */
  readonly parameterCount: number;
  /** The weights. */
  readonly parameters: Readonly<Record<string, HashTensor>>;
}

/** A case with a first pass, in float64. */
export interface FirstPassCase extends DenoisingCase {
  /** Every how many-th value of an output is there. */
  readonly outputStride: number;
  /** Output of a training pass. */
  readonly output: readonly number[];
  /** Output of an evaluation. */
  readonly evaluation: readonly number[];
  /** Gradients of the mean squared error. */
  readonly gradients: Readonly<Record<string, Gradient>>;
}

/** A case with training steps. */
export interface TrainingCase extends DenoisingCase {
  /** The loss of each step of Adam on the batch, before its update. */
  readonly losses: readonly number[];
}

/** A gradient: norm, sum, and its entries at `0, stride, 2 stride, …`. */
interface Gradient {
  readonly norm: number;
  readonly sum: number;
  readonly stride: number;
  readonly samples: readonly number[];
}

const training = () => Context.training(0, 0);

/** A case's batch on the GPU. */
interface DenoisingBatch {
  readonly x: Tensor4D;
  readonly t: Tensor1D;
  readonly labels: Tensor1D;
  readonly target: Tensor;
}

function batchOf({ image, t, labels, target }: DenoisingCase): DenoisingBatch {
  return {
    x: fromTorch(hashTensor(image), image.shape) as Tensor4D,
    t: tf.tensor1d([...t]),
    labels: tf.tensor1d([...labels], "int32"),
    target: fromTorch(hashTensor(target), target.shape),
  };
}

/** Fills a network with the case's weights; what the case leaves out, such as tables, stays. */
export async function fill(
  network: DenoisingNetwork,
  { parameters }: DenoisingCase,
): Promise<void> {
  network.loadStateDict(new Map([...await network.stateDict(), ...hashState(parameters)]));
}

/** Holds the outputs and all gradients of a filled network to the case's. */
export async function checkFirstPass(network: DenoisingNetwork, c: FirstPassCase): Promise<void> {
  const device = await openDevice();
  const { x, t, labels, target } = batchOf(c);
  const parameters = [...network.namedParameters()].filter(([, { trainable }]) => trainable);
  assert.deepEqual(parameters.map(([name]) => name), Object.keys(c.gradients));
  const check = async (context: Context, expected: readonly number[]) => {
    const output = tf.tidy(() => network.denoise(x, t, labels, context));
    const values = await toTorch(output);
    const atol = 1e-4 * largest(expected);
    const spaced = expected.map((_, i) => values[i * c.outputStride]!);
    assertAllClose(spaced, expected, { rtol: 0, atol });
    output.dispose();
  };
  // First, as a training pass moves the running statistics.
  await check(new Context(), c.evaluation);
  await check(training(), c.output);
  const { grads } = tf.tidy(() =>
    tf.variableGrads(
      () => mseLoss(network.denoise(x, t, labels, training()), target),
      parameters.map(([, { variable }]) => variable),
    )
  );
  for (const [name, { variable, layout }] of parameters) {
    const own = await grads[variable.name]!.data() as Float32Array;
    const from = (index: number) => permutedFrom(index, layout.view, layout.order);
    checkGradient(name, own, c.gradients[name]!, from);
  }
  device.check();
  tf.dispose([x, t, labels, target, grads]);
}

/**
 * Norm below which a float64 gradient is rounding alone: of biases before a batch norm, which takes out
 * what a channel has in common, and of the U-Net's `te1`, which adds a constant to an image of one
 * channel that the norm of the whole image takes out.
 */
const ZERO = 1e-12;

/** `from` says where the value that PyTorch has at an index lies. */
function checkGradient(
  name: string,
  gradient: Float32Array,
  expected: Gradient,
  from: (index: number) => number,
): void {
  const { norm, sum, stride, samples } = expected;
  const most = largest(gradient);
  if (norm < ZERO) return assert.ok(most < 1e-5, `the gradient of ${name} must be 0, got ${most}`);
  const total = (of: (x: number) => number) => gradient.reduce((s, x) => s + of(x), 0);
  const close = (actual: number[], expected: readonly number[], atol: number) => {
    try {
      assertAllClose(actual, expected, { rtol: 0, atol });
    } catch (error) {
      throw new Error(`the gradient of ${name} differs`, { cause: error });
    }
  };
  close(samples.map((_, i) => gradient[from(i * stride)]!), samples, 1e-4 * most);
  close([Math.sqrt(total((x) => x * x))], [norm], 1e-4 * norm);
  close([total((x) => x)], [sum], 1e-4 * total(Math.abs));
}

function largest(values: Iterable<number>): number {
  let most = 0;
  for (const x of values) most = Math.max(most, Math.abs(x));
  return most;
}

/** Losses of a network that starts with the case's weights and trains on its batch with Adam. */
async function train(
  network: DenoisingNetwork,
  c: TrainingCase,
  compile: typeof compileStep,
  steps: number,
): Promise<Float32Array> {
  const device = await openDevice();
  await fill(network, c);
  const { x, t, labels, target } = batchOf(c);
  const clock = new Clock();
  const optimizer = new Adam(network.namedParameters(), { lr: 1e-3 });
  optimizer.follow(clock, () => 1e-3, steps);
  const step = compile(() => {
    const context = Context.training(0, clock.step);
    const loss = () => mseLoss(network.denoise(x, t, labels, context), target);
    const { value, grads } = tf.variableGrads(loss, optimizer.variables);
    optimizer.step(grads);
    clock.advance();
    return value;
  });
  const losses = await step.run(steps);
  device.check();
  for (const used of [step, optimizer, clock, network]) used.dispose();
  tf.dispose([x, t, labels, target]);
  return losses;
}

/** Steps that are run eagerly, too: the first two of a recording are traced, the others replayed. */
const EAGER_STEPS = 5;

/**
 * Holds the losses of recorded steps to the case's, and some steps' bits to those of eager ones, unless
 * `eagerSteps` is 0.
 */
export async function checkTraining(
  build: () => DenoisingNetwork,
  c: TrainingCase,
  eagerSteps = EAGER_STEPS,
): Promise<void> {
  const losses = await train(build(), c, compileStep, c.losses.length);
  assertAllClose(losses, c.losses, { rtol: 1e-3, atol: 0 });
  if (eagerSteps === 0) return;
  const eager = await train(build(), c, eagerStep, eagerSteps);
  assert.deepEqual(losses.slice(0, eagerSteps), eager);
}
