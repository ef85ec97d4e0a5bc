/**
 * The largest value of each window, with or without a ReLU, and its gradient.
 *
 * The gradient of a window goes to its first largest value in row-major order, as in PyTorch; among
 * NaNs to the last. One dispatch finds that value again and writes: windows that do not overlap by
 * one invocation per window, others by one per pixel, which looks at all windows that it is in.
 *
 * `relu(maxPool(x))` equals `maxPool(relu(x))`, and in this order the ReLU is free: forward it is done
 * on the value to be stored, backward the largest value is at hand to test.
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
/** Values in a window up to which its code is written out. */
const MAX_WRITTEN = 16;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** How a shader sees its tensors. */
interface Layout {
  /** Type of an element. */
  readonly type: "f32" | "vec4<f32>";
  /** The same for the places of values within a window. */
  readonly places: "i32" | "vec4<i32>";
  /** Elements per pixel. */
  readonly perPixel: number;
  /** WGSL: `larger(v, best)`, whether `v` takes the place of `best`, in every component. */
  readonly larger: string;
}

function layoutOf({ channels }: PoolSizes): Layout {
  const vector = channels % 4 === 0;
  const type = vector ? "vec4<f32>" : "f32";
  const [bools, bits] = vector ? ["vec4<bool>", "vec4<u32>"] : ["bool", "u32"];
  return {
    type,
    places: vector ? "vec4<i32>" : "i32",
    perPixel: vector ? channels / 4 : channels,
    larger: `fn larger(v : ${type}, best : ${type}) -> ${bools} {
      let isNaN = (bitcast<${bits}>(v) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u);
      return (v > best) | isNaN;
    }`,
  };
}

/** Where the invocation stands in a grid of `height` × `width` cells with `perPixel` elements each. */
function position({ perPixel }: Layout, height: number, width: number): string {
  return `
      let element = block * ${LANES} + i32(localId.x);
      if (element >= uniforms.elements) { return; }
      let q = element % ${perPixel};
      let w = element / ${perPixel} % ${width};
      let h = element / ${perPixel * width} % ${height};
      let image = element / ${perPixel * width * height};`;
}

/** The rows and columns of the image that the window of output (`oh`, `ow`) covers. */
function windowOf(s: PoolSizes, oh: string, ow: string): string {
  const along = (o: string, stride: number, before: number, filter: number, size: number) => {
    const begin = `${o} * ${stride} - ${before}`;
    return [`max(0, ${begin})`, `min(${size}, ${begin} + ${filter})`];
  };
  const [top, bottom] = along(oh, s.strideHeight, s.top, s.filterHeight, s.inHeight);
  const [left, right] = along(ow, s.strideWidth, s.left, s.filterWidth, s.inWidth);
  return `let top = ${top}; let bottom = ${bottom}; let left = ${left}; let right = ${right};`;
}

/** Walks over the window and leaves its largest value in `best`, and where it was in `place`. */
function walk(s: PoolSizes, { type, places, perPixel }: Layout, withPlace: boolean): string {
  const at = (row: string, column: string) =>
    `((image * ${s.inHeight} + ${row}) * ${s.inWidth} + ${column}) * ${perPixel} + q`;
  return `
      var best = x[${at("top", "left")}];
      ${withPlace ? `var place = ${places}(top * ${s.inWidth} + left);` : ""}
      for (var row = top; row < bottom; row++) {
        for (var column = left; column < right; column++) {
          let v : ${type} = x[${at("row", "column")}];
          let takes = larger(v, best);
          best = select(best, v, takes);
          ${
    withPlace ? `place = select(place, ${places}(row * ${s.inWidth} + column), takes);` : ""
  }
        }
      }`;
}

/**
 * `(N, H, W, C)` to `(N, outH, outW, C)`.
 *
 * @param x The images.
 * @param s Sizes.
 * @param relu Whether what is below 0 becomes 0.
 */
export function maxPool(x: TensorInfo, s: PoolSizes, relu: boolean): TensorInfo {
  const layout = layoutOf(s);
  const { type } = layout;
  return launch(
    {
      key: `max_pool_${relu}`,
      inputs: { x: type },
      outputs: { result: type },
      uniforms: ["elements"],
      code: `
    ${layout.larger}
    fn main(block : i32) {
      ${position(layout, s.outHeight, s.outWidth)}
      ${windowOf(s, "h", "w")}
      ${walk(s, layout, false)}
      result[element] = ${relu ? `select(best, ${type}(0.0), best < ${type}(0.0))` : "best"};
    }`,
    },
    s,
    [x],
    [s.batchSize, s.outHeight, s.outWidth, s.channels],
    s.batchSize * s.outHeight * s.outWidth * layout.perPixel,
  );
}

/**
 * Gradient of {@link maxPool} with respect to `x`.
 *
 * @param dy Gradient of the output.
 * @param x The images.
 * @param s Sizes.
 * @param relu As in the forward pass.
 */
export function maxPoolGrad(
  dy: TensorInfo,
  x: TensorInfo,
  s: PoolSizes,
  relu: boolean,
): TensorInfo {
  const layout = layoutOf(s);
  const { type, perPixel } = layout;
  const disjoint = s.strideHeight === s.filterHeight && s.strideWidth === s.filterWidth &&
    s.top === 0 && s.left === 0 && s.outHeight * s.filterHeight <= s.inHeight &&
    s.outWidth * s.filterWidth <= s.inWidth && s.filterHeight * s.filterWidth <= MAX_WRITTEN;
  // Pixels behind the last window get their zeros from cells without a window.
  const cells = disjoint
    ? [Math.ceil(s.inHeight / s.filterHeight), Math.ceil(s.inWidth / s.filterWidth)]
    : [s.inHeight, s.inWidth];
  const [height, width] = cells as [number, number];
  return launch(
    {
      key: `max_pool_grad_${relu}_${disjoint}`,
      inputs: { dy: type, x: type },
      outputs: { result: type },
      uniforms: ["elements"],
      code: `
    ${layout.larger}
    fn main(block : i32) {
      ${position(layout, height, width)}
      ${disjoint ? byWindow(s, layout, relu) : byPixel(s, layout, relu)}
    }`,
    },
    s,
    [dy, x],
    [s.batchSize, s.inHeight, s.inWidth, s.channels],
    s.batchSize * height * width * perPixel,
  );
}

/** `dy` of the window, nothing where a ReLU stopped its largest value. */
function passed(value: string, { type }: Layout, relu: boolean): string {
  return relu ? `select(${value}, ${type}(0.0), best <= ${type}(0.0))` : value;
}

function byWindow(s: PoolSizes, layout: Layout, relu: boolean): string {
  const { type, places, perPixel } = layout;
  const inWindow = range(s.filterHeight * s.filterWidth).map((u) => {
    const row = Math.floor(u / s.filterWidth);
    const column = u % s.filterWidth;
    return { u, row, column, at: `first + ${(row * s.inWidth + column) * perPixel}` };
  });
  const exact = s.outHeight * s.filterHeight === s.inHeight &&
    s.outWidth * s.filterWidth === s.inWidth;
  const gradients = `
        ${inWindow.map(({ u, at }) => `let x${u} = x[${at}];`).join(" ")}
        var best = x0;
        var place = ${places}(0);
        ${
    inWindow.map(({ u }) =>
      `{
          let takes = larger(x${u}, best);
          best = select(best, x${u}, takes);
          place = select(place, ${places}(${u}), takes);
        }`
    ).join(" ")
  }
        let d = dy[((image * ${s.outHeight} + h) * ${s.outWidth} + w) * ${perPixel} + q];
        let given = ${passed("d", layout, relu)};
        ${
    inWindow.map(({ u, at }) =>
      `result[${at}] = select(${type}(0.0), given, place == ${places}(${u}));`
    ).join("\n        ")
  }`;
  const zeros = inWindow.map(({ row, column, at }) =>
    `if (h * ${s.filterHeight} + ${row} < ${s.inHeight} && ` +
    `w * ${s.filterWidth} + ${column} < ${s.inWidth}) { result[${at}] = ${type}(0.0); }`
  ).join("\n        ");
  return `
      let first = ((image * ${s.inHeight} + h * ${s.filterHeight}) * ${s.inWidth} +
        w * ${s.filterWidth}) * ${perPixel} + q;
      ${
    exact ? gradients : `if (h < ${s.outHeight} && w < ${s.outWidth}) {
        ${gradients}
      } else {
        ${zeros}
      }`
  }`;
}

function byPixel(s: PoolSizes, layout: Layout, relu: boolean): string {
  const { type, places, perPixel } = layout;
  // The first and last output whose window holds the pixel.
  const first = (at: string, before: number, filter: number, stride: number) =>
    `max(0, (${at} + ${before} - ${filter} + ${stride}) / ${stride})`;
  const last = (at: string, before: number, stride: number, size: number) =>
    `min(${size - 1}, (${at} + ${before}) / ${stride})`;
  return `
      var sum = ${type}(0.0);
      let lastRow = ${last("h", s.top, s.strideHeight, s.outHeight)};
      let lastColumn = ${last("w", s.left, s.strideWidth, s.outWidth)};
      for (var oh = ${first("h", s.top, s.filterHeight, s.strideHeight)}; oh <= lastRow; oh++) {
        for (var ow = ${first("w", s.left, s.filterWidth, s.strideWidth)}; ow <= lastColumn; ow++) {
          ${windowOf(s, "oh", "ow")}
          ${walk(s, layout, true)}
          let d = dy[((image * ${s.outHeight} + oh) * ${s.outWidth} + ow) * ${perPixel} + q];
          let given = ${passed("d", layout, relu)};
          sum += select(${type}(0.0), given, place == ${places}(h * ${s.inWidth} + w));
        }
      }
      result[element] = sum;`;
}

function launch(
  shader: Shader,
  sizes: PoolSizes,
  inputs: TensorInfo[],
  shape: number[],
  elements: number,
): TensorInfo {
  const result = webgpuBackend().makeTensorInfo(shape, "float32");
  const { batchSize: _, ...geometry } = sizes;
  runInto(
    { ...shader, key: `${shader.key}_${Object.values(geometry).join("_")}`, lanes: LANES },
    inputs,
    [result],
    [elements],
    Math.ceil(elements / LANES),
  );
  return result;
}
