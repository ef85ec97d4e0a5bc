/**
 * The forward process on the GPU: timesteps, noise and targets of a training step.
 *
 * A step takes two dispatches: one draws the timestep of each image, looks its weight up and drops
 * labels; the other draws the noise, mixes it in and writes what the network is to predict. All
 * follows from the seed and the clock's step, and so can be recorded.
 *
 * @module
 */

import { tf } from "../deps.ts";
import type { Clock } from "../engine/clock.ts";
import { Random } from "../random.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";
import { runBlocks, unwrittenBatch } from "./block_pass.ts";
import { drawTimesteps } from "./draw.ts";
import { minSnrWeights, type Prediction, targetOf } from "./prediction.ts";
import { NoiseSchedule } from "./schedule.ts";

/** What the time of a rectified flow, from 0 to 1, is multiplied by for the network. */
export const FLOW_TIME_SCALE = 1000;

/** Options of {@link ForwardProcess}. */
export interface ForwardOptions {
  /** Seed of timesteps, noise and dropped labels. */
  readonly seed: number;
  /** The step counter: what is drawn depends on its step. */
  readonly clock: Clock;
  /** What the network predicts. @default "epsilon", and "velocity" of a rectified flow */
  readonly prediction?: Prediction;
  /** `γ` of min-SNR weighting, for a noise schedule. @default none, every image weighs the same */
  readonly minSnr?: number;
  /** Labels to drop, for classifier-free guidance. @default none */
  readonly drop?: {
    /** The probability of a drop, in [0, 1]. */
    readonly probability: number;
    /** The class that stands for no class. */
    readonly nullClass: number;
  };
}

/** A noisy batch to train on. */
export interface NoisyBatch {
  /** `x_t`, `(N, H, W, C)`. */
  readonly x: Tensor4D;
  /**
   * Each image's time, `(N)`, float32: integers from 0 to T − 1, or of a rectified flow numbers of
   * [0, 1000).
   */
  readonly t: Tensor1D;
  /** What the network is to predict, `(N, H, W, C)`. */
  readonly target: Tensor4D;
  /** Each image's weight in the loss, `(N)`; absent when all are 1. */
  readonly weight?: Tensor1D;
  /** The labels, some of them dropped, `(N)`, int32; absent when none were given. */
  readonly labels?: Tensor1D;
}

/**
 * Makes noisy images to train on, by a noise schedule or by a rectified flow `x_t = (1 − t) x_0 + t ε`.
 *
 * @example Two noisy batches
 * ```ts
 * import { Clock } from "../engine/clock.ts";
 * import { tf } from "../deps.ts";
 * import { openDevice } from "../device.ts";
 * import { ForwardProcess } from "./forward.ts";
 * import { linearSchedule } from "./schedule.ts";
 * import assert from "node:assert/strict";
 *
 * await openDevice();
 * const clock = new Clock();
 * const forward = new ForwardProcess(linearSchedule(1000), { seed: 1, clock });
 * const images: tf.Tensor4D = tf.zeros([8, 28, 28, 1]);
 * const first = forward.draw(images);
 * clock.advance();
 * const second = forward.draw(images);
 * assert.deepEqual(first.x.shape, [8, 28, 28, 1]);
 * assert.notDeepEqual(await first.t.data(), await second.t.data());
 * ```
 */
export class ForwardProcess {
  /** The noise schedule, or `"rectified-flow"`. */
  readonly process: NoiseSchedule | "rectified-flow";
  /** What the network predicts. */
  readonly prediction: Prediction;

  readonly #clock: Clock;
  readonly #drop: ForwardOptions["drop"];
  readonly #streams: Readonly<Record<"t" | "noise" | "drop", Random>>;
  /** `(T, 4)`: shares of image and noise in `x_t`, then in the target. */
  readonly #mix: Tensor | undefined;
  readonly #weights: Tensor | undefined;

  /**
   * Puts the schedule's tables on the GPU.
   *
   * @param process The noise schedule, or `"rectified-flow"`.
   * @throws {RangeError} When the options do not go together.
   */
  constructor(process: NoiseSchedule | "rectified-flow", options: ForwardOptions) {
    const isFlow = process === "rectified-flow";
    const { seed, clock, prediction = isFlow ? "velocity" : "epsilon", minSnr, drop } = options;
    if (isFlow && (prediction !== "velocity" || minSnr !== undefined)) {
      throw new RangeError(
        "Cannot train a rectified flow: it predicts velocity with equal weights, got " +
          `${prediction}${
            minSnr === undefined ? "" : ` with min-SNR ${minSnr}`
          }. Choose a schedule.`,
      );
    }
    if (drop && !(drop.probability >= 0 && drop.probability <= 1)) {
      throw new RangeError(
        `Cannot drop labels: the probability must be in [0, 1], got ${drop.probability}.`,
      );
    }
    this.process = process;
    this.prediction = prediction;
    this.#clock = clock;
    this.#drop = drop;
    const stream = (name: string) => new Random(seed, "diffusion", name);
    this.#streams = { t: stream("t"), noise: stream("noise"), drop: stream("drop") };
    if (isFlow) return;
    this.#mix = tableOf(mixRows(process, prediction));
    if (minSnr !== undefined) {
      this.#weights = tableOf(minSnrWeights(process, prediction, minSnr));
    }
  }

  /**
   * Draws times and noise of the clock's step for a batch; works within a recorded step.
   *
   * @param x0 Images, `(N, H, W, C)`.
   * @param labels Class numbers, `(N)`, int32. @default none
   */
  draw(x0: Tensor4D, labels?: Tensor1D): NoisyBatch {
    const drawn = drawTimesteps({
      count: x0.shape[0],
      step: this.#clock.step,
      timesteps: this.process === "rectified-flow" ? FLOW_TIME_SCALE : this.process.timesteps,
      continuous: this.process === "rectified-flow",
      streams: this.#streams,
      weights: this.#weights,
      labels: labels && this.#drop ? { classes: labels, ...this.#drop } : undefined,
    });
    const kept = drawn.labels ?? labels;
    return {
      ...this.#mixIn(x0, drawn.t),
      t: drawn.t,
      ...(drawn.weight && { weight: drawn.weight }),
      ...(kept && { labels: kept }),
    };
  }

  /**
   * `x_t` at one time for all images: `q(x_t | x_0)`, with the noise of the clock's step, whatever `t`.
   *
   * @param x0 Images, `(N, H, W, C)`.
   * @param t The time as {@link NoisyBatch.t} gives it; see {@link timeAt}.
   * @throws {RangeError} When there is no such time.
   */
  qSample(x0: Tensor4D, t: number): Tensor4D {
    const isTime = this.process === "rectified-flow"
      ? t >= 0 && t <= FLOW_TIME_SCALE
      : Number.isInteger(t) && t >= 0 && t < this.process.timesteps;
    if (!isTime) {
      const last = this.process === "rectified-flow" ? FLOW_TIME_SCALE : this.process.timesteps - 1;
      throw new RangeError(`Cannot add noise: t must be a time from 0 to ${last}, got ${t}.`);
    }
    return tf.tidy(() => this.#mixIn(x0, tf.fill([x0.shape[0]], t)).x);
  }

  /** The time at a share of the whole process, such as 0.25 for a quarter. */
  timeAt(share: number): number {
    return this.process === "rectified-flow"
      ? share * FLOW_TIME_SCALE
      : Math.max(0, Math.round(share * this.process.timesteps) - 1);
  }

  /** Frees the tables. */
  dispose(): void {
    this.#mix?.dispose();
    this.#weights?.dispose();
  }

  #mixIn(x0: Tensor4D, t: Tensor1D): Pick<NoisyBatch, "x" | "target"> {
    const { shape } = x0;
    const make = () => unwrittenBatch(shape) as Tensor4D;
    const noisy = { x: make(), target: make() };
    const mix = this.#mix;
    runBlocks({
      key: `forward_${mix ? "schedule" : "flow"}`,
      images: { x0 },
      tables: {
        t: ["f32", t],
        step: ["i32", this.#clock.step],
        ...(mix && { mix: ["vec4<f32>", mix] as const }),
      },
      // "target" is a reserved word in WGSL.
      results: { x: noisy.x, goal: noisy.target },
      stream: this.#streams.noise,
      code: `
      ${
        mix ? "let row = mix[i32(t[image])];" : `let time = t[image] * ${1 / FLOW_TIME_SCALE}f;
      let row = vec4<f32>(1.0 - time, time, -1.0, 1.0);`
      }
      let clean = read_x0(at);
      let epsilon = noise(image, block, step[0]);
      write_x(at, live, row.x * clean + row.y * epsilon);
      write_goal(at, live, row.z * clean + row.w * epsilon);`,
    }, shape);
    return noisy;
  }
}

function mixRows(schedule: NoiseSchedule, prediction: Prediction): number[] {
  return Array.from(schedule.betas, (_, t) => {
    const level = schedule.level(t);
    return [level.alpha, level.sigma, ...targetOf(prediction, level)];
  }).flat();
}

function tableOf(values: ArrayLike<number>): Tensor {
  return tf.tidy(() => tf.keep(tf.tensor1d(Float32Array.from(values))));
}
