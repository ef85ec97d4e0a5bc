/**
 * The code of the gradients of a normalisation's weight and bias.
 *
 * Each is a sum over all pixels that share the weight. An invocation sums a slice of the pixels for
 * one element of the channels, so that neighbours read neighbouring values; where there is more than
 * one slice, a second dispatch adds the slices' sums. No atomics: the order of every sum is fixed.
 *
 * @module
 */

import { elementsOf, type RowForm } from "./row_norm_code.ts";
import type { Shader } from "./several.ts";

/**
 * The function `weightGradient(block)`, which writes a row of `dweight` and of `dbias` for each slice
 * of the pixels. It works with the uniforms `slices`, `slicesPerWeight`, `pixelsPerSlice` and
 * `pixelsPerWeight`.
 */
export function weightGradientCode(form: RowForm, width: number): string {
  const { type, perPixel, perGroup } = elementsOf(form);
  const { pixels, groups } = form;
  const blocksPerSlice = Math.ceil(perPixel / width);
  // What a workgroup has in common is computed from its number alone where a slice fills it.
  const place = perPixel >= width
    ? `let column = block % ${blocksPerSlice} * ${width} + i32(localId.x);
      let slice = block / ${blocksPerSlice};`
    : `let item = block * ${width} + i32(localId.x);
      let column = item % ${perPixel};
      let slice = item / ${perPixel};`;
  return `
    fn weightGradient(block : i32) {
      ${place}
      if (column >= ${perPixel} || slice >= uniforms.slices) { return; }
      let origin = slice / uniforms.slicesPerWeight * uniforms.pixelsPerWeight;
      let begin = slice % uniforms.slicesPerWeight * uniforms.pixelsPerSlice;
      let end = min(begin + uniforms.pixelsPerSlice, uniforms.pixelsPerWeight);
      var sum = ${type}(0.0);
      var product = ${type}(0.0);
      for (var pixel = origin + begin; pixel < origin + end; pixel++) {
        let row = ${pixels === 1 ? "pixel" : `pixel / ${pixels}`} * ${groups}${
    groups === 1 ? "" : ` + column / ${perGroup}`
  };
        let moments = statistics[row];
        let at = pixel * ${perPixel} + column;
        let g = dy[at];
        sum += g;
        product += g * ((x[at] - moments.x) * moments.y);
      }
      dweight[slice * ${perPixel} + column] = product;
      dbias[slice * ${perPixel} + column] = sum;
    }`;
}

/** Workgroups that {@link weightGradientCode} takes. */
export function weightGradientBlocks(form: RowForm, width: number, slices: number): number {
  const { perPixel } = elementsOf(form);
  return perPixel >= width
    ? slices * Math.ceil(perPixel / width)
    : Math.ceil(slices * perPixel / width);
}

/** Adds the rows of `weightSums` and `biasSums` that belong to the same weight. */
export function addSlicesShader(form: RowForm): Shader {
  const { type, perPixel } = elementsOf(form);
  return {
    key: `row_norm_add_slices_${type}_${perPixel}`,
    inputs: { weightSums: type, biasSums: type },
    outputs: { dweight: type, dbias: type },
    uniforms: ["elements", "slicesPerWeight"],
    lanes: ADDERS,
    code: `
    fn main(block : i32) {
      let i = block * ${ADDERS} + i32(localId.x);
      if (i >= uniforms.elements) { return; }
      let first = i / ${perPixel} * uniforms.slicesPerWeight;
      var product = ${type}(0.0);
      var sum = ${type}(0.0);
      for (var slice = first; slice < first + uniforms.slicesPerWeight; slice++) {
        let at = slice * ${perPixel} + i % ${perPixel};
        product += weightSums[at];
        sum += biasSums[at];
      }
      dweight[i] = product;
      dbias[i] = sum;
    }`,
  };
}

/** Invocations per workgroup of {@link addSlicesShader}: few results, so that many workgroups run. */
export const ADDERS = 8;
