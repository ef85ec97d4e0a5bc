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
 * @module
 */

import type { TensorInfo } from "../../tensor.ts";
import {
  areDisjoint,
  forEachWindow,
  launch,
  type Layout,
  layoutOf,
  position,
  windowCells,
  windowOf,
} from "./pool_code.ts";
import type { PoolSizes } from "./pool_sizes.ts";

/** Values in a window up to which its code is written out. */
const MAX_WRITTEN = 16;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The type of the places of values within a window. */
function placesOf({ type }: Layout): "i32" | "vec4<i32>" {
  return type === "f32" ? "i32" : "vec4<i32>";
}

/** `larger(v, best)`, whether `v` takes the place of `best`, in every component. */
function larger({ type }: Layout): string {
  const [bools, bits] = type === "f32" ? ["bool", "u32"] : ["vec4<bool>", "vec4<u32>"];
  return `fn larger(v : ${type}, best : ${type}) -> ${bools} {
      let isNaN = (bitcast<${bits}>(v) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u);
      return (v > best) | isNaN;
    }`;
}

/** Walks over the window and leaves its largest value in `best`, and where it was in `place`. */
function walk(s: PoolSizes, layout: Layout, withPlace: boolean): string {
  const { type, perPixel } = layout;
  const places = placesOf(layout);
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
      code: `
    ${larger(layout)}
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
  const disjoint = areDisjoint(s) && s.filterHeight * s.filterWidth <= MAX_WRITTEN;
  // Pixels behind the last window get their zeros from cells without a window.
  const [height, width] = disjoint ? windowCells(s) : [s.inHeight, s.inWidth];
  return launch(
    {
      key: `max_pool_grad_${relu}_${disjoint}`,
      inputs: { dy: type, x: type },
      outputs: { result: type },
      code: `
    ${larger(layout)}
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
  const { type, perPixel } = layout;
  const places = placesOf(layout);
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
  const { type, perPixel } = layout;
  const places = placesOf(layout);
  return `
      var sum = ${type}(0.0);
      ${
    forEachWindow(
      s,
      `${windowOf(s, "oh", "ow")}
          ${walk(s, layout, true)}
          let d = dy[((image * ${s.outHeight} + oh) * ${s.outWidth} + ow) * ${perPixel} + q];
          let given = ${passed("d", layout, relu)};
          sum += select(${type}(0.0), given, place == ${places}(h * ${s.inWidth} + w));`,
    )
  }
      result[element] = sum;`;
}
