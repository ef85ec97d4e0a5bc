/** What the tests of normalisation kernels share: inputs, and the definition in float64. @module */

import { Random } from "../../../lib/random.ts";

/** Values from [-1, 1) plus `offset`, the same for the same name and size. */
export function uniform(size: number, name: string, offset = 0): Float32Array<ArrayBuffer> {
  const values = new Float32Array(size);
  new Random(1, "norm", name, size).fillUniform(values, offset - 1, offset + 1);
  return values;
}

/** A normalisation of `samples × positions × channels` values. */
export interface NormCase {
  /** Samples. */
  readonly samples: number;
  /** Tokens or pixels of a sample. */
  readonly positions: number;
  /** Values of a position. */
  readonly channels: number;
  /** Which values share mean and variance, by a number for each. */
  readonly rowOf: (sample: number, position: number, channel: number) => number;
  /** Which element of weight and bias belongs to a value. */
  readonly weightOf: (sample: number, channel: number) => number;
  readonly eps: number;
  readonly x: Float32Array;
  /** What multiplies. */
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly dy: Float32Array;
}

/** Output and gradients by the definition. */
export interface Defined {
  readonly y: Float64Array;
  readonly dx: Float64Array;
  readonly dWeight: Float64Array;
  readonly dBias: Float64Array;
}

/**
 * `y` and the gradients of `Σ dy · y`, in float64. `dx` comes from the Jacobian
 * `∂hᵢ/∂xⱼ = (δᵢⱼ − 1/n − hᵢ hⱼ / n) / σ`.
 */
export function definition(c: NormCase): Defined {
  const members = new Map<number, { at: number; weight: number }[]>();
  let at = 0;
  for (let sample = 0; sample < c.samples; sample++) {
    for (let position = 0; position < c.positions; position++) {
      for (let channel = 0; channel < c.channels; channel++, at++) {
        const row = c.rowOf(sample, position, channel);
        if (!members.has(row)) members.set(row, []);
        members.get(row)!.push({ at, weight: c.weightOf(sample, channel) });
      }
    }
  }
  const y = new Float64Array(c.x.length);
  const dx = new Float64Array(c.x.length);
  const dWeight = new Float64Array(c.weight.length);
  const dBias = new Float64Array(c.weight.length);
  for (const row of members.values()) {
    const n = row.length;
    const mean = row.reduce((sum, { at }) => sum + c.x[at]!, 0) / n;
    const variance = row.reduce((sum, { at }) => sum + (c.x[at]! - mean) ** 2, 0) / n;
    const deviation = Math.sqrt(variance + c.eps);
    let sum = 0;
    let product = 0;
    for (const { at, weight } of row) {
      const h = (c.x[at]! - mean) / deviation;
      const g = c.dy[at]! * c.weight[weight]!;
      y[at] = h * c.weight[weight]! + c.bias[weight]!;
      dWeight[weight]! += c.dy[at]! * h;
      dBias[weight]! += c.dy[at]!;
      sum += g;
      product += g * h;
    }
    for (const { at, weight } of row) {
      const h = (c.x[at]! - mean) / deviation;
      dx[at] = (c.dy[at]! * c.weight[weight]! - sum / n - h * product / n) / deviation;
    }
  }
  return { y, dx, dWeight, dBias };
}
