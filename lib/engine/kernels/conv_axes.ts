/**
 * The geometry that a convolution and the gradient of its input share.
 *
 * Both gather: a pixel of the target sums, over places of the filter, what it finds in the source.
 * With stride `s` and padding `p`, target pixel `o` of a convolution meets at place `k` the source
 * pixel `o·s + k − p`. In the input gradient `o` meets `(o + p − k) / s`, where that is whole. So only
 * every `s`-th place counts, and which ones depends on `(o + p) mod s`, the pixel's phase. The `s`
 * neighbouring pixels that have each phase once are a cell; all pixels of one phase do the same, with
 * no multiplication by a zero between source pixels.
 *
 * @module
 */

import type { ConvSizes } from "./conv_sizes.ts";

/** One axis of a gathering. */
export interface Axis {
  /** Pixels of what is read. */
  readonly source: number;
  /** Pixels of what is written. */
  readonly target: number;
  /** Places of the filter. */
  readonly filter: number;
  /** Padding of the convolution in front. */
  readonly before: number;
  /** Target pixels of a cell, each of another phase. */
  readonly phases: number;
  /** Source pixels from one cell to the next. */
  readonly step: number;
  /** Cells along the target; the last one may hang over. */
  readonly cells: number;
}

/** A gathering; images are `(N, H, W, C)`. */
export interface Gathering {
  /** The convolution itself, or the gradient of its input. */
  readonly direction: "forward" | "backward";
  /** Images. */
  readonly batchSize: number;
  /** Channels of the source, which are summed over. */
  readonly inner: number;
  /** Channels of the target. */
  readonly outer: number;
  /** From row to row. */
  readonly height: Axis;
  /** From column to column. */
  readonly width: Axis;
}

/** Where {@link axisOf} finds what it needs. */
interface Lengths {
  readonly input: number;
  readonly output: number;
  readonly filter: number;
  readonly stride: number;
  readonly before: number;
}

/** A convolution, or the gradient of its input, as a gathering. */
export function gathering(s: ConvSizes, direction: "forward" | "backward"): Gathering {
  const forward = direction === "forward";
  const axisOf = ({ input, output, filter, stride, before }: Lengths): Axis => {
    const [source, target] = forward ? [input, output] : [output, input];
    const [phases, step] = forward ? [1, stride] : [stride, 1];
    return { source, target, filter, before, phases, step, cells: Math.ceil(target / phases) };
  };
  return {
    direction,
    batchSize: s.batchSize,
    inner: forward ? s.inChannels : s.outChannels,
    outer: forward ? s.outChannels : s.inChannels,
    height: axisOf({
      input: s.inHeight,
      output: s.outHeight,
      filter: s.filterHeight,
      stride: s.strideHeight,
      before: s.top,
    }),
    width: axisOf({
      input: s.inWidth,
      output: s.outWidth,
      filter: s.filterWidth,
      stride: s.strideWidth,
      before: s.left,
    }),
  };
}

/** Phases of a cell. */
export function phasesOf({ height, width }: Gathering): number {
  return height.phases * width.phases;
}

/** Most places of the filter that a pixel meets along an axis. */
export function tapsOf({ filter, phases }: Axis): number {
  return Math.ceil(filter / phases);
}

/** Whether cells hang over the target's edge. */
export function hangsOver({ target, phases }: Axis): boolean {
  return target % phases !== 0;
}

/**
 * WGSL that declares, for the number `phase`: `phaseH`, the first place of the filter; `firstH`, the
 * pixel of that phase in a cell; `originH`, the source row that this pixel of cell 0 meets there. The
 * same with `W` for the columns. Place `phaseH + t·phases` meets row `originH + t` in a convolution,
 * `originH - t` in the gradient, and `step` rows further in the next cell.
 */
export function phaseCode({ direction, height, width }: Gathering): string {
  if (direction === "forward") {
    return `let originH = ${-height.before}; let originW = ${-width.before};`;
  }
  const declare = (name: string, { phases, before }: Axis, phase: string) => `
    let phase${name} = ${phase};
    let first${name} = (phase${name} + ${(phases - before % phases) % phases}) % ${phases};
    let origin${name} = (first${name} + ${before} - phase${name}) / ${phases};`;
  return declare("H", height, `phase / ${width.phases}`) +
    declare("W", width, `phase % ${width.phases}`);
}
