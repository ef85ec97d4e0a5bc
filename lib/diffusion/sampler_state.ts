/** What a sampler works on, and the kernels that move it on. @module */

import { tf } from "../deps.ts";
import { forgetValues, writeValues } from "../engine/backend.ts";
import type { Clock } from "../engine/clock.ts";
import { run } from "../engine/program.ts";
import { toTensor } from "../engine/tape.ts";
import { Random } from "../random.ts";
import type { Tensor, Tensor1D, Tensor4D, Variable } from "../tensor.ts";
import { runBlocks } from "./block_pass.ts";
import type { SamplerPlan } from "./samplers/plan.ts";

/** Options of {@link SamplerState}. */
export interface SamplerStateOptions {
  /** `(N, H, W, C)`. */
  readonly shape: readonly [number, number, number, number];
  /** Seed of all noise. */
  readonly seed: number;
  /** The range of the predicted `x_0`. */
  readonly clamp: readonly [lo: number, hi: number] | undefined;
}

/** `vec4`s in the row of an evaluation. */
const ROW = 3;

/** `x`, the memory of earlier predictions, and the table of factors by the clock's step. */
export class SamplerState {
  readonly #clock: Clock;
  readonly #options: SamplerStateOptions;
  readonly #stream: Random;
  readonly #x: Variable;
  readonly #memory: Variable | undefined;
  readonly #rows: Tensor;
  /** The number of the first image, int32, shape `[1]`. */
  readonly #first: Variable;
  readonly #isNoisy: boolean;

  /** Puts the plan on the GPU. */
  constructor(plan: SamplerPlan, clock: Clock, options: SamplerStateOptions) {
    const { shape, seed, clamp } = options;
    this.#clock = clock;
    this.#options = options;
    this.#stream = new Random(seed, "sample");
    this.#isNoisy = plan.some(({ next }) => (next.noise ?? 0) !== 0);
    const zeros = () => tf.tidy(() => tf.variable(tf.zeros([...shape]), false));
    this.#x = zeros();
    if (plan.some(({ next }) => (next.memory ?? 0) !== 0)) this.#memory = zeros();
    this.#rows = tf.tidy(() => tf.keep(tf.tensor1d(rowsOf(plan, clamp ?? [0, 0]))));
    this.#first = tf.tidy(() => tf.variable(tf.tensor1d([0], "int32"), false));
  }

  /** Begins with the noise of the images from number `first` on. */
  start(first: number): void {
    writeValues(this.#first, Int32Array.of(first));
    // Until an evaluation has filled it, the memory's factor is 0, and 0 times NaN is NaN.
    if (this.#memory) writeValues(this.#memory, new Float32Array(this.#memory.size));
    runBlocks({
      key: "sampler_start",
      images: {},
      tables: { first: ["i32", this.#first] },
      results: { x: this.#x },
      stream: this.#stream,
      code: "write_x(at, live, noise(first[0] + image, block, 0));",
    }, this.#options.shape);
    forgetValues(this.#x);
  }

  /** `x` and the time of the clock's step, for the network. */
  input(): { x: Tensor4D; t: Tensor1D } {
    const time = run(
      {
        key: "inkling_sampler_time",
        outputShape: [this.#x.shape[0]!],
        inputs: ["rows", "step"],
        code: `fn main(index : i32) {
          if (index < uniforms.size) { result[index] = rows[${4 * ROW} * step[0]]; }
        }`,
      },
      [this.#rows, this.#clock.step],
    );
    return { x: this.#x as unknown as Tensor4D, t: toTensor(time) as Tensor1D };
  }

  /**
   * Replaces `x` by what follows from the network's answer.
   *
   * @throws {RangeError} When the answer has another size than `x`.
   */
  update(prediction: Tensor): void {
    if (prediction.size !== this.#x.size) {
      throw new RangeError(
        `Cannot sample: the network must give one value for each of (${
          this.#x.shape.join(", ")
        }), ` +
          `got (${prediction.shape.join(", ")}).`,
      );
    }
    const memory = this.#memory;
    const noisy = this.#isNoisy;
    const { clamp } = this.#options;
    runBlocks({
      key: `sampler_update_${memory !== undefined}_${noisy}_${clamp !== undefined}`,
      images: { prediction },
      tables: {
        rows: ["vec4<f32>", this.#rows],
        step: ["i32", this.#clock.step],
        ...(noisy && { first: ["i32", this.#first] as const }),
      },
      results: { x: this.#x, ...(memory && { memory }) },
      stream: noisy ? this.#stream : undefined,
      code: `
      let now = rows[${ROW} * step[0]];
      let next = rows[${ROW} * step[0] + 1];
      let later = rows[${ROW} * step[0] + 2];
      let x = read_x(at);
      var x0 = now.y * x + now.z * read_prediction(at);
      ${clamp ? CLAMP : ""}
      write_x(at, live, next.x * x + next.y * x0
        ${memory ? "+ next.z * read_memory(at)" : ""}
        ${noisy ? "+ next.w * noise(first[0] + image, block, step[0] + 1)" : ""});
      ${memory ? "write_memory(at, live, later.x * x + later.y * x0);" : ""}`,
    }, this.#options.shape);
    forgetValues(this.#x);
    if (memory) forgetValues(memory);
  }

  /** A copy of `x`. */
  async read(): Promise<Float32Array> {
    return Float32Array.from(await this.#x.data());
  }

  /** Frees everything. */
  dispose(): void {
    tf.dispose([this.#x, this.#rows, this.#first]);
    this.#memory?.dispose();
  }
}

/** WGSL's clamp() may give a bound for NaN; comparisons leave it. */
const CLAMP = `
      let lo = vec4<f32>(now.w);
      let hi = vec4<f32>(later.z);
      x0 = select(select(x0, lo, x0 < lo), hi, x0 > hi);`;

function rowsOf(plan: SamplerPlan, [lo, hi]: readonly [number, number]): Float32Array {
  return Float32Array.from(
    plan.flatMap(({ t, x0, next, memory }) => [
      ...[t, ...x0, lo],
      ...[next.x, next.x0, next.memory ?? 0, next.noise ?? 0],
      ...[memory?.x ?? 0, memory?.x0 ?? 0, hi, 0],
    ]),
  );
}
