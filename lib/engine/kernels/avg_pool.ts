/**
 * The mean of each window, and its gradient.
 *
 * `y = (1/n) Σ x` over the `n` pixels of the window that lie in the image: what is padding does not
 * count. The gradient gives each of these pixels `dy / n`. (The stock one divides by all places of the
 * window, which is another number at the edges; without padding the two agree.)
 *
 * One dispatch each. Windows that do not overlap are written back by one invocation per window, others
 * are gathered by one per pixel.
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
import { poolGradKernel, poolKernel, type Replacement } from "./pool_kernel.ts";
import type { PoolSizes } from "./pool_sizes.ts";

/** Pixels of the window, in WGSL, after {@link windowOf}. */
const COUNT = "f32((bottom - top) * (right - left))";

/** `(N, H, W, C)` to `(N, outH, outW, C)`. */
function avgPool(x: TensorInfo, s: PoolSizes): TensorInfo {
  const layout = layoutOf(s);
  const { type, perPixel } = layout;
  return launch(
    {
      key: "avg_pool",
      inputs: { x: type },
      outputs: { result: type },
      code: `
    fn main(block : i32) {
      ${position(layout, s.outHeight, s.outWidth)}
      ${windowOf(s, "h", "w")}
      var sum = ${type}(0.0);
      for (var row = top; row < bottom; row++) {
        for (var column = left; column < right; column++) {
          sum += x[((image * ${s.inHeight} + row) * ${s.inWidth} + column) * ${perPixel} + q];
        }
      }
      result[element] = sum / ${COUNT};
    }`,
    },
    s,
    [x],
    [s.batchSize, s.outHeight, s.outWidth, s.channels],
    s.batchSize * s.outHeight * s.outWidth * perPixel,
  );
}

/** Gradient of {@link avgPool} with respect to `x`, whose sizes are in `s`. */
function avgPoolGrad(dy: TensorInfo, s: PoolSizes): TensorInfo {
  const layout = layoutOf(s);
  const { type, perPixel } = layout;
  const disjoint = areDisjoint(s);
  const [height, width] = disjoint ? windowCells(s) : [s.inHeight, s.inWidth];
  return launch(
    {
      key: `avg_pool_grad_${disjoint}`,
      inputs: { dy: type },
      outputs: { result: type },
      code: `
    fn main(block : i32) {
      ${position(layout, height, width)}
      ${disjoint ? byWindow(s, layout) : byPixel(s, layout)}
    }`,
    },
    s,
    [dy],
    [s.batchSize, s.inHeight, s.inWidth, s.channels],
    s.batchSize * height * width * perPixel,
  );
}

/** Cells behind the last window write zeros. */
function byWindow(s: PoolSizes, { type, perPixel }: Layout): string {
  const at = `((image * ${s.outHeight} + min(h, ${s.outHeight - 1})) * ${s.outWidth} +
        min(w, ${s.outWidth - 1})) * ${perPixel} + q`;
  return `
      let isWindow = h < ${s.outHeight} && w < ${s.outWidth};
      let given = select(${type}(0.0), dy[${at}] / ${s.filterHeight * s.filterWidth}.0, isWindow);
      ${windowOf(s, "h", "w")}
      for (var row = top; row < bottom; row++) {
        for (var column = left; column < right; column++) {
          result[((image * ${s.inHeight} + row) * ${s.inWidth} + column) * ${perPixel} + q] = given;
        }
      }`;
}

function byPixel(s: PoolSizes, { type, perPixel }: Layout): string {
  return `
      var sum = ${type}(0.0);
      ${
    forEachWindow(
      s,
      `${windowOf(s, "oh", "ow")}
          sum += dy[((image * ${s.outHeight} + oh) * ${s.outWidth} + ow) * ${perPixel} + q] / ${COUNT};`,
    )
  }
      result[element] = sum;`;
}

/** The forward kernel. */
export const avgPoolKernel: Replacement = poolKernel(avgPool);

/** The gradient's kernel. */
export const avgPoolGradKernel: Replacement = poolGradKernel((dy, _input, sizes) =>
  avgPoolGrad(dy, sizes)
);
