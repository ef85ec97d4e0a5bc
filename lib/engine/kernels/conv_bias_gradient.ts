/**
 * The code of a bias's gradient, a sum over all pixels of all images, in slices of the pixels.
 *
 * Neighbouring invocations take neighbouring channels; where three of four would have none, the next
 * ones take the same channels in another slice.
 *
 * @module
 */

import { lanes } from "./lanes.ts";

/** Code for sums over pixels. */
export interface BiasGradientCode {
  /** Workgroups, of {@link lanes} invocations. */
  readonly workgroups: number;
  /**
   * `fn biasGradient(block : i32)`, which reads `uniforms.pixels`, the pixels, and `uniforms.perSum`,
   * those of a slice.
   */
  readonly code: string;
}

/**
 * Writes the code.
 *
 * @param channels How many sums there are.
 * @param stride Numbers from one pixel to the next.
 * @param slices Slices, each of which has its own result.
 * @param read The value at place `at` of what is summed, an expression.
 * @param result The buffer that it writes to.
 */
export function biasGradientCode(
  channels: number,
  stride: number,
  slices: number,
  read: string,
  result: string,
): BiasGradientCode {
  const wide = channelLanes(channels);
  const across = Math.ceil(channels / wide);
  const perGroup = lanes() / wide;
  return {
    workgroups: across * Math.ceil(slices / perGroup),
    code: `
  fn biasGradient(block : i32) {
    let lane = i32(localId.x);
    let channel = block % ${across} * ${wide} + lane % ${wide};
    let slice = block / ${across} * ${perGroup} + lane / ${wide};
    if (channel >= ${channels} || slice >= ${slices}) { return; }
    let end = min((slice + 1) * uniforms.perSum, uniforms.pixels);
    var sum = 0.0;
    for (var pixel = slice * uniforms.perSum; pixel < end; pixel++) {
      let at = pixel * ${stride} + channel;
      sum += ${read};
    }
    ${result}[slice * ${channels} + channel] = sum;
  }`,
  };
}

function channelLanes(channels: number): number {
  let result = 1;
  while (result < channels) result *= 2;
  return 4 * result <= lanes() ? result : lanes();
}
