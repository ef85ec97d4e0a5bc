/** A small computation that shows whether the adapter gives right numbers, and how fast. @module */

import { digits } from "../data/digits.ts";
import { tf } from "../deps.ts";
import type { Device } from "../device.ts";
import { Clock } from "../engine/clock.ts";
import { compileStep } from "../engine/step.ts";
import { DeviceError } from "../errors.ts";
import { MLP } from "../models/mlp.ts";
import { Context, type Module, type StateDict } from "../nn/module.ts";
import { SGD } from "../nn/optim/sgd.ts";
import { Random } from "../random.ts";
import { makeBatch } from "../train/batches.ts";
import { trainStep } from "../train/loop.ts";
import type { Tensor } from "../tensor.ts";

/** What came out, each part with its time on a warm device. */
export interface ComputeReport {
  /** Milliseconds of one product of two 256x256 matrices. */
  readonly matmul_ms: number;
  /** The largest difference of an entry of the product from its float64 value. */
  readonly matmul_error: number;
  /** Milliseconds of one replayed training step: the MLP, 64 digits of 8x8, SGD. */
  readonly step_ms: number;
  /** The largest difference of a loss from its float64 value. */
  readonly step_error: number;
}

const SIDE = 256;
/** Entries of the product are up to 40; float32 sums of 256 terms in any order stay within this. */
const MATMUL_TOLERANCE = 1e-3;

const BATCH = 64;
const LR = 0.5;
/**
 * The losses before each of the first steps as PyTorch computes them in float64;
 * `tests/fixtures/make_doctor.py` is the recipe. Two steps are recorded, the others replayed.
 */
export const LOSSES: readonly number[] = [
  2.322990439,
  2.181946519,
  2.048146344,
  1.882718861,
  1.669070251,
];
const LOSS_TOLERANCE = 1e-4;

/** Repetitions under the clock: one read of a result alone can wait 10 ms. */
const TIMED = 20;

/**
 * Multiplies two matrices and trains a network for a few steps.
 *
 * @throws {DeviceError} When a number is wrong or the device reports an error.
 */
export async function checkCompute(device: Device): Promise<ComputeReport> {
  const product = await checkMatMul();
  device.check();
  requireRight("the product of two 256x256 matrices", product.error, MATMUL_TOLERANCE);
  const step = await checkStep();
  device.check();
  requireRight("the loss of a training step", step.error, LOSS_TOLERANCE);
  return {
    matmul_ms: product.ms,
    matmul_error: product.error,
    step_ms: step.ms,
    step_error: step.error,
  };
}

async function checkMatMul(): Promise<{ ms: number; error: number }> {
  const [a, b] = [wave(SIDE * SIDE, 0), wave(SIDE * SIDE, 1)];
  const left = tf.tensor2d(a, [SIDE, SIDE]);
  const right = tf.tensor2d(b, [SIDE, SIDE]);
  const values = await valuesOf(tf.matMul(left, right));
  const error = largestDifference(values, productOf(a, b));
  const started = performance.now();
  for (let i = 1; i < TIMED; i++) tf.matMul(left, right).dispose();
  await valuesOf(tf.matMul(left, right));
  const ms = (performance.now() - started) / TIMED;
  tf.dispose([left, right]);
  return { ms, error };
}

async function checkStep(): Promise<{ ms: number; error: number }> {
  const { train, maxValue, classNames } = await digits();
  const { height, width } = train;
  const shape = { height, width, channels: 1, classes: classNames.length };
  const network = new MLP(shape, new Random(0, "unused"));
  network.loadStateDict(await waveState(network));
  const optimizer = new SGD(network.namedParameters(), { lr: LR });
  const indices = Array.from({ length: BATCH }, (_, i) => i);
  const batch = makeBatch(train, indices, { maxValue });
  const clock = new Clock();
  optimizer.follow(clock, () => LR, LOSSES.length + TIMED);
  const step = compileStep(() => {
    // An evaluation context drops nothing, so that the losses are those of the plain network.
    const loss = trainStep(network, optimizer, batch, new Context());
    clock.advance();
    return loss;
  });

  const losses = await step.run(LOSSES.length);
  const started = performance.now();
  await step.run(TIMED);
  const ms = (performance.now() - started) / TIMED;
  step.dispose();
  clock.dispose();
  tf.dispose([batch.images, batch.labels]);
  optimizer.dispose();
  network.dispose();
  return { ms, error: largestDifference(losses, LOSSES) };
}

/** Weights that any program can make: entry `i` of the k-th tensor is sin(i² + k) / √fan-in. */
async function waveState(network: Module): Promise<StateDict> {
  const state: StateDict = new Map();
  let fanIn = 1;
  for (const [name, { shape, values }] of await network.stateDict()) {
    if (name.endsWith("weight")) fanIn = shape.slice(1).reduce((a, b) => a * b);
    const scale = 1 / Math.sqrt(fanIn);
    state.set(name, { shape, values: wave(values.length, state.size, scale) });
  }
  return state;
}

function wave(length: number, phase: number, scale = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => Math.sin(i * i + phase) * scale);
}

function productOf(a: Float32Array, b: Float32Array): Float64Array {
  const product = new Float64Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let k = 0; k < SIDE; k++) {
      const factor = a[row * SIDE + k]!;
      for (let column = 0; column < SIDE; column++) {
        product[row * SIDE + column]! += factor * b[k * SIDE + column]!;
      }
    }
  }
  return product;
}

/** The largest difference of two lists; NaN when a number is none. */
function largestDifference(values: Float32Array, expected: ArrayLike<number>): number {
  return values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0);
}

async function valuesOf(tensor: Tensor): Promise<Float32Array> {
  const values = await tensor.data() as Float32Array;
  tensor.dispose();
  return values;
}

function requireRight(what: string, error: number, tolerance: number): void {
  if (error <= tolerance) return;
  throw new DeviceError(
    `Cannot train on this adapter: ${what} must be within ${tolerance} of its right value, ` +
      `got a difference of ${error.toPrecision(3)}. Update or replace its driver.`,
  );
}
