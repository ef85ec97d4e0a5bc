/**
 * Random numbers drawn on the GPU, the same as the CPU's of `lib/random.ts`.
 *
 * A recorded step is replayed without the CPU, so what makes its random numbers new at every step
 * must be on the GPU too: the step's number is a word of the generator's counter. The counters and
 * keys of `Philox4x32-10` are laid out as those of {@link Random}, with the step in the place of the
 * block number's high word:
 *
 * | word | counter             | key                |
 * |------|---------------------|--------------------|
 * | 0    | block number        | seed, low 32 bits  |
 * | 1    | step                | seed, high 21 bits |
 * | 2    | hash of path, low   |                    |
 * | 3    | hash of path, high  |                    |
 *
 * Output `i` is word `i % 4` of block `⌊i / 4⌋`, and so a draw at step 0 gives what a `Random` of the
 * same seed and path gives from its beginning.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { Random, type Words2 } from "../random.ts";
import type { Tensor, TensorInfo, Variable } from "../tensor.ts";
import { NORMALS, PHILOX } from "./philox.ts";
import { run, type Uniform } from "./program.ts";

/** A way to turn the four words of a block into four numbers. */
interface Draw {
  /** Name of the shader. */
  readonly name: string;
  /** WGSL: the four numbers, from `words`, `first` (the place of the first one) and `uniforms`. */
  readonly values: string;
  /** Type of the numbers. @default "float32" */
  readonly dtype?: "float32" | "int32";
  /** Names and values of the uniforms of `values`. @default none */
  readonly uniforms?: Readonly<Record<string, Uniform>>;
  /** A tensor of the output's shape that `values` reads as `x`. @default none */
  readonly x?: Tensor;
}

/** Invocations per workgroup. */
const WORKGROUP = 64;

/**
 * A random stream on the GPU, named by a seed and a path.
 *
 * A stream is one draw per step: what is drawn depends on the step, the seed and the path alone, so
 * drawing from the same stream twice in one step gives the same numbers twice. Independent numbers
 * come from streams of different paths.
 *
 * Integers and uniform numbers on `[0, 1)` have the same bits on every device, and are those of
 * `Random`; normal numbers rest on the device's logarithm, sine and cosine.
 *
 * @example Noise that is new at every step
 * ```ts
 * import { Clock, GpuRandom, openDevice, Random } from "../../mod.ts";
 * import assert from "node:assert/strict";
 *
 * await openDevice();
 * const clock = new Clock();
 * const noise = GpuRandom.named(clock.step, 42, "noise");
 * const first = await noise.uniform([3]).data();
 * const cpu = new Random(42, "noise");
 * assert.deepEqual([...first], [cpu.float(), cpu.float(), cpu.float()]);
 * clock.advance();
 * assert.notDeepEqual(await noise.uniform([3]).data(), first);
 * ```
 */
export class GpuRandom {
  readonly #key: Words2;
  readonly #path: Words2;
  readonly #step: Variable | number;

  /**
   * The stream of a key and a path.
   *
   * @param key The Philox key, such as {@link Random.key}.
   * @param path Words 2 and 3 of every counter, such as {@link Random.stream}.
   * @param step The step's number: a variable on the GPU, int32, shape `[1]`, that is looked up
   *   whenever a draw is run or replayed; or a number, for a draw that is always of that step.
   * @throws {RangeError} If `step` is a number but not an integer from 0 to 2^31 - 1.
   */
  constructor(key: Words2, path: Words2, step: Variable | number) {
    if (typeof step === "number" && (step !== (step | 0) || step < 0)) {
      throw new RangeError(
        `Cannot draw random numbers: a step is an integer from 0 to 2^31 - 1, got ${step}.`,
      );
    }
    this.#key = key;
    this.#path = path;
    this.#step = step;
  }

  /**
   * The stream of a seed and a path, as {@link Random} names them.
   *
   * @param step The step's number, as in the constructor.
   * @param seed An integer from 0 to 2^53 - 1.
   * @param path What the stream is for, such as `"forward", 0`.
   * @throws {RangeError} If the seed, the path or the step cannot be one.
   */
  static named(
    step: Variable | number,
    seed: number,
    ...path: readonly (string | number)[]
  ): GpuRandom {
    const { key, stream } = new Random(seed, ...path);
    return new GpuRandom(key, stream, step);
  }

  /**
   * Numbers spread evenly over `[lo, hi)`, each from the high 24 bits of one output.
   *
   * @param shape The shape of the result.
   * @param lo The lower bound. @default 0
   * @param hi The upper bound; rounding may reach it where the bounds are not 0 and 1. @default 1
   * @returns float32.
   */
  uniform(shape: readonly number[], lo: number = 0, hi: number = 1): Tensor {
    return this.#draw(shape, {
      name: "uniform",
      values: `uniforms.lo + uniforms.span * (vec4<f32>(words >> vec4<u32>(8u)) * ${2 ** -24}f)`,
      uniforms: { lo: float(lo), span: float(hi - lo) },
    });
  }

  /**
   * Numbers from the standard normal distribution, by the method of Box and Muller (1958): the pair
   * of outputs `2k` and `2k + 1` gives the numbers `√(-2 ln u) · cos 2πv` and `√(-2 ln u) · sin 2πv`
   * at those places, where `u` from `(0, 1]` and `v` from `[0, 1)`. So magnitudes stay below 6.7, and
   * the numbers are those of `Random.normal` to the precision of float32 and of the device.
   *
   * @param shape The shape of the result.
   * @returns float32.
   */
  normal(shape: readonly number[]): Tensor {
    return this.#draw(shape, {
      name: "normal",
      values: "normals(words)",
    });
  }

  /**
   * Integers from 0 to `n - 1`: `⌊output · n / 2^32⌋`. No rejection, so that each takes one output:
   * the probability of each differs from `1 / n` by less than 2^-32, relatively `n / 2^32`.
   *
   * @param shape The shape of the result.
   * @param n An integer from 1 to 2^31.
   * @returns int32.
   * @throws {RangeError} If `n` is not such an integer.
   */
  integers(shape: readonly number[], n: number): Tensor {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 31) {
      throw new RangeError(
        `Cannot draw random integers: the bound is an integer from 1 to 2^31, got ${n}.`,
      );
    }
    return this.#draw(shape, {
      name: "integers",
      values: `vec4<i32>(vec4<u32>(
          multiplyHigh(words.xy, vec2<u32>(u32(uniforms.n))),
          multiplyHigh(words.zw, vec2<u32>(u32(uniforms.n)))))`,
      dtype: "int32",
      uniforms: { n: integers(n) },
    });
  }

  /**
   * `x` with each value set to zero with probability `p`, where {@link uniform} would be below `p`,
   * and the rest scaled by `1 / (1 − p)`. A NaN that is kept stays NaN.
   *
   * The gradient draws the same mask again instead of storing it; so the step's number must not
   * change between the two.
   *
   * @param x float32, any shape.
   * @param p Probability of a zero, `0 ≤ p < 1`, to 24 bits.
   * @throws {RangeError} If `p` is outside that range.
   */
  dropout(x: Tensor, p: number): Tensor {
    if (!(p >= 0 && p < 1)) {
      throw new RangeError(`Cannot drop out: p must be in [0, 1), got ${p}.`);
    }
    const uniforms = {
      threshold: integers(Math.ceil(p * 2 ** 24)),
      scale: float(1 / (1 - p)),
    };
    // Linear and diagonal: the gradient is the same operation, of any order.
    const drop: (x: Tensor) => Tensor = tf.customGrad((...args) => {
      const [x] = args as [Tensor];
      return {
        value: this.#draw(x.shape, {
          name: "dropout",
          // What is read past the end of the last block is not written.
          values: `select(
              vec4<f32>(x[first], x[first + 1], x[first + 2], x[first + 3]) * uniforms.scale,
              vec4<f32>(0.0),
              words >> vec4<u32>(8u) < vec4<u32>(u32(uniforms.threshold)))`,
          uniforms,
          x,
        }),
        gradFunc: (dy: Tensor) => drop(dy),
      };
    });
    return drop(x);
  }

  /** One dispatch: each invocation makes a block and writes its four numbers. */
  #draw(shape: readonly number[], draw: Draw): Tensor {
    const { name, values, dtype = "float32", uniforms = {}, x } = draw;
    const declarations = Object.entries(uniforms).map(([name, { type }]) =>
      `${name} : ${type === "int32" ? "i32" : "f32"},`
    );
    const step = this.#step;
    return tf.tidy(() => {
      const counter = typeof step === "number" ? tf.tensor1d([step], "int32") : step;
      const inputs: Record<string, TensorInfo> = x ? { x, step: counter } : { step: counter };
      const output = run(
        {
          key: `inkling_random_${name}`,
          outputShape: shape,
          inputs: Object.keys(inputs),
          uniforms: `key : vec2<i32>, path : vec2<i32>, ${declarations.join(" ")}`,
          workgroupSize: [WORKGROUP, 1, 1],
          dispatch: [Math.ceil(tf.util.sizeFromShape([...shape]) / (4 * WORKGROUP)), 1, 1],
          code: mainOf(values),
        },
        Object.values(inputs),
        [integers(...this.#key), integers(...this.#path), ...Object.values(uniforms)],
        undefined,
        dtype,
      );
      return tf.engine().makeTensorFromTensorInfo(output);
    });
  }
}

function mainOf(values: string): string {
  return `${PHILOX}${NORMALS}

    fn main(index : i32) {
      let first = 4 * index;
      if (first >= uniforms.size) { return; }
      let counter = vec4<u32>(vec2<u32>(u32(index), u32(step[0])), vec2<u32>(uniforms.path));
      let words = philox(counter, vec2<u32>(uniforms.key));
      let values = ${values};
      result[first] = values.x;
      if (first + 1 < uniforms.size) { result[first + 1] = values.y; }
      if (first + 2 < uniforms.size) { result[first + 2] = values.z; }
      if (first + 3 < uniforms.size) { result[first + 3] = values.w; }
    }`;
}

function float(value: number): Uniform {
  return { type: "float32", data: [value] };
}

/** Unsigned integers as the signed ones of the same bits. */
function integers(...values: number[]): Uniform {
  return { type: "int32", data: values.map((value) => value | 0) };
}
