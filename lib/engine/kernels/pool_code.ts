/**
 * What the codes of the poolings share: where an invocation stands, what its window covers.
 *
 * Four channels are handled together where their number allows it: a software adapter loads each
 * element of each invocation by itself.
 *
 * @module
 */

import { webgpuBackend } from "../program.ts";
import type { TensorInfo } from "../../tensor.ts";
import type { PoolSizes } from "./pool_sizes.ts";
import { runInto, type Shader } from "./several.ts";

/** Invocations per workgroup. */
const LANES = 64;

/** How a shader sees its tensors. */
export interface Layout {
  /** Type of an element. */
  readonly type: "f32" | "vec4<f32>";
  /** Elements per pixel. */
  readonly perPixel: number;
}

/** Chooses how to see images of so many channels. */
export function layoutOf({ channels }: PoolSizes): Layout {
  return channels % 4 === 0
    ? { type: "vec4<f32>", perPixel: channels / 4 }
    : { type: "f32", perPixel: channels };
}

/** Where the invocation stands in a grid of `height` × `width` cells with `perPixel` elements each. */
export function position({ perPixel }: Layout, height: number, width: number): string {
  return `
      let element = block * ${LANES} + i32(localId.x);
      if (element >= uniforms.elements) { return; }
      let q = element % ${perPixel};
      let w = element / ${perPixel} % ${width};
      let h = element / ${perPixel * width} % ${height};
      let image = element / ${perPixel * width * height};`;
}

/** The rows and columns of the image that the window of output (`oh`, `ow`) covers. */
export function windowOf(s: PoolSizes, oh: string, ow: string): string {
  const along = (o: string, stride: number, before: number, filter: number, size: number) => {
    const begin = `${o} * ${stride} - ${before}`;
    return [`max(0, ${begin})`, `min(${size}, ${begin} + ${filter})`];
  };
  const [top, bottom] = along(oh, s.strideHeight, s.top, s.filterHeight, s.inHeight);
  const [left, right] = along(ow, s.strideWidth, s.left, s.filterWidth, s.inWidth);
  return `let top = ${top}; let bottom = ${bottom}; let left = ${left}; let right = ${right};`;
}

/** A loop over the outputs (`oh`, `ow`) whose windows hold the pixel (`h`, `w`). */
export function forEachWindow(s: PoolSizes, body: string): string {
  const first = (at: string, before: number, filter: number, stride: number) =>
    `max(0, (${at} + ${before} - ${filter} + ${stride}) / ${stride})`;
  const last = (at: string, before: number, stride: number, size: number) =>
    `min(${size - 1}, (${at} + ${before}) / ${stride})`;
  return `
      let lastRow = ${last("h", s.top, s.strideHeight, s.outHeight)};
      let lastColumn = ${last("w", s.left, s.strideWidth, s.outWidth)};
      for (var oh = ${first("h", s.top, s.filterHeight, s.strideHeight)}; oh <= lastRow; oh++) {
        for (var ow = ${first("w", s.left, s.filterWidth, s.strideWidth)}; ow <= lastColumn; ow++) {
          ${body}
        }
      }`;
}

/** Whether every pixel is in one window at most, and no window reaches beyond the image. */
export function areDisjoint(s: PoolSizes): boolean {
  return s.strideHeight === s.filterHeight && s.strideWidth === s.filterWidth &&
    s.top === 0 && s.left === 0 && s.outHeight * s.filterHeight <= s.inHeight &&
    s.outWidth * s.filterWidth <= s.inWidth;
}

/** Rows and columns of cells as large as a window that cover the image; for disjoint windows. */
export function windowCells(s: PoolSizes): [rows: number, columns: number] {
  return [Math.ceil(s.inHeight / s.filterHeight), Math.ceil(s.inWidth / s.filterWidth)];
}

/** Dispatches a shader with one output and one invocation for each of `elements`. */
export function launch(
  shader: Omit<Shader, "lanes" | "uniforms">,
  sizes: PoolSizes,
  inputs: TensorInfo[],
  shape: number[],
  elements: number,
): TensorInfo {
  const result = webgpuBackend().makeTensorInfo(shape, "float32");
  const { batchSize: _, ...geometry } = sizes;
  runInto(
    {
      ...shader,
      key: `${shader.key}_${Object.values(geometry).join("_")}`,
      uniforms: ["elements"],
      lanes: LANES,
    },
    inputs,
    [result],
    [elements],
    Math.ceil(elements / LANES),
  );
  return result;
}
