/**
 * Carrying out a sampler's plan on the GPU: one recorded step that is replayed for every evaluation.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { writeValues } from "../engine/backend.ts";
import { Clock } from "../engine/clock.ts";
import { webgpuBackend } from "../engine/program.ts";
import { type CompiledStep, compileStep, eagerStep } from "../engine/step.ts";
import type { Tensor1D, Variable } from "../tensor.ts";
import { type Denoiser, type Guidance, guide, isGuided } from "./guidance.ts";
import { framesOf, type SamplerPlan } from "./samplers/plan.ts";
import { SamplerState } from "./sampler_state.ts";

/** Progress is reported about this often, in ms: each report waits for the GPU. */
const REPORT_INTERVAL = 200;

/** Options of {@link Sampler}. */
export interface SamplerOptions {
  /** Images to make at once and their size, `(N, H, W, C)`. */
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** Seed of all noise. */
  readonly seed: number;
  /** The range that the predicted `x_0` is clamped to; `x_t` never is. @default none */
  readonly clamp?: readonly [lo: number, hi: number];
  /** Whether the network takes labels. @default false */
  readonly labelled?: boolean;
  /** Guidance by labels. @default none, which is a scale of 1 */
  readonly guidance?: Guidance;
  /** Runs every evaluation through tfjs instead of replaying a recording. @default false */
  readonly eager?: boolean;
}

/** Which images to make. */
export interface SampleRequest {
  /** The number of the first image: an image's noise depends on the seed and its number. @default 0 */
  readonly first?: number;
  /** A class for each image, where the network takes labels. */
  readonly labels?: ArrayLike<number>;
  /** How many pictures of the way to keep, evenly spaced in time; the last is the result. @default 0 */
  readonly frames?: number;
  /**
   * Is told how many of the plan's evaluations are done, and stops the sampling when it throws; waits
   * for the GPU now and then.
   *
   * @default nobody is told, and nothing is waited for on the way
   */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images, and the way to them. */
export interface Samples {
  /** `(N, H, W, C)`, in the range of the training images. */
  readonly images: Float32Array;
  /** The noise that it began with, `x` on the way, and the result; each like `images`. */
  readonly frames: readonly Float32Array[];
}

/**
 * Makes images with a network by a plan.
 *
 * The recordings are kept for the next call, as long as the network's weights keep their buffers: after
 * training steps they do, after `loadStateDict` they do not. The same seed and number give the same
 * noise wherever the image is in a batch, and the same image as far as the network computes alike in
 * batches of other sizes.
 *
 * @example Images of a network that knows only one
 * ```ts
 * import { tf } from "../deps.ts";
 * import { openDevice } from "../device.ts";
 * import { Sampler } from "./sampler.ts";
 * import { ddim } from "./samplers/ddim.ts";
 * import { linearSchedule } from "./schedule.ts";
 * import assert from "node:assert/strict";
 *
 * await openDevice();
 * const plan = ddim(linearSchedule(1000), { steps: 10, prediction: "x0" });
 * const grey = (x: tf.Tensor) => tf.mul(tf.onesLike(x), 0.5);
 * const sampler = new Sampler(grey, plan, { shape: [2, 8, 8, 1], seed: 1 });
 * const { images, frames } = await sampler.sample({ frames: 3 });
 * assert.ok(images.every((value) => value === 0.5));
 * assert.equal(frames.length, 3);
 * sampler.dispose();
 * ```
 */
export class Sampler {
  readonly #plan: SamplerPlan;
  readonly #options: SamplerOptions;
  readonly #clock: Clock;
  readonly #state: SamplerState;
  readonly #labels: Variable | undefined;
  /** For each evaluation the step that makes it. */
  readonly #steps: readonly CompiledStep[];

  /**
   * Prepares the plan's tables on the GPU.
   *
   * @param denoiser The network in evaluation.
   * @param plan From `ddpm`, `ddim`, `dpmSolver`, `euler` or `heun`, made for what the network predicts.
   * @param options Shape, seed, clamping and guidance.
   * @throws {RangeError} When there is guidance without labels.
   */
  constructor(denoiser: Denoiser, plan: SamplerPlan, options: SamplerOptions) {
    const { shape, seed, clamp, labelled = false, guidance, eager = false } = options;
    if (guidance && !labelled) {
      throw new RangeError(
        "Cannot guide the sampler: guidance needs labels, got a sampler without. " +
          "Make it with labelled: true.",
      );
    }
    this.#plan = plan;
    this.#options = options;
    this.#clock = new Clock();
    this.#state = new SamplerState(plan, this.#clock, { shape, seed, clamp });
    if (labelled) {
      this.#labels = tf.tidy(() => tf.variable(tf.zeros([shape[0]], "int32"), false));
    }
    const compile = eager ? eagerStep : compileStep;
    const guided = guidance ? guide(denoiser, guidance) : denoiser;
    const steps = new Map<Denoiser, CompiledStep>();
    this.#steps = plan.map(({ level: { alpha, sigma } }) => {
      const denoise = guidance && isGuided(guidance, sigma / alpha) ? guided : denoiser;
      const step = steps.get(denoise) ??
        compile(() => this.#evaluate(denoise), { stepsPerSubmit: 1, losses: 0 });
      steps.set(denoise, step);
      return step;
    });
  }

  /**
   * Makes images.
   *
   * @throws {RangeError} When there is not a label for each image, or labels where none are taken.
   * @throws {RecordingError} When the network cannot be recorded.
   */
  async sample(request: SampleRequest = {}): Promise<Samples> {
    const { first = 0, frames = 0, onProgress } = request;
    this.#setLabels(request.labels);
    this.#clock.set(0);
    this.#state.start(first);
    const kept: Float32Array[] = [];
    let done = 0;
    for (const place of framesOf(this.#plan, frames)) {
      await this.#advance(done, place, onProgress);
      done = place;
      kept.push(await this.#state.read());
    }
    await this.#advance(done, this.#plan.length, onProgress);
    return { images: kept.at(-1) ?? await this.#state.read(), frames: kept };
  }

  /** Frees the recordings and all state; the network's weights stay. */
  dispose(): void {
    for (const step of new Set(this.#steps)) step.dispose();
    this.#state.dispose();
    this.#labels?.dispose();
    this.#clock.dispose();
  }

  #setLabels(labels: ArrayLike<number> | undefined): void {
    const expected = this.#labels?.size ?? 0;
    if ((labels?.length ?? 0) !== expected) {
      throw new RangeError(
        `Cannot sample: the sampler takes ${expected} labels, got ${labels?.length ?? 0}. ` +
          (this.#options.labelled ? "Give one for each image." : "Make it with labelled: true."),
      );
    }
    if (labels && this.#labels) writeValues(this.#labels, Int32Array.from(labels));
  }

  /** Runs evaluations `from` to `to − 1`. */
  async #advance(
    from: number,
    to: number,
    onProgress: SampleRequest["onProgress"],
  ): Promise<void> {
    let most = onProgress ? 1 : to - from;
    for (let at = from; at < to;) {
      const step = this.#steps[at]!;
      let end = at + 1;
      while (end < to && end - at < most && this.#steps[end] === step) end++;
      const started = performance.now();
      await step.run(end - at);
      at = end;
      if (!onProgress) continue;
      await webgpuBackend().queue.onSubmittedWorkDone();
      onProgress(at, this.#plan.length);
      if (performance.now() - started < REPORT_INTERVAL) most *= 2;
    }
  }

  #evaluate(denoise: Denoiser): void {
    const { x, t } = this.#state.input();
    this.#state.update(denoise(x, t, this.#labels as Tensor1D | undefined));
    this.#clock.advance();
  }
}
