/** Tensors with zeros behind their last axes. @module */

import type { TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { runInto, type Shader } from "./several.ts";

const LANES = 64;

/**
 * Has `use` work on `tensor` with zeros behind its last two axes.
 *
 * @param tensor Any shape, taken as `(…, rows, columns)`.
 * @param from Its last two axes.
 * @param to What these are to be, no less. Where nothing is added, `use` gets `tensor` itself.
 * @param use Encodes dispatches that read the padded tensor, which is freed afterwards.
 */
export function withPadding(
  tensor: TensorInfo,
  from: readonly [rows: number, columns: number],
  to: readonly [rows: number, columns: number],
  use: (padded: TensorInfo) => void,
): void {
  if (from[0] === to[0] && from[1] === to[1]) return use(tensor);
  const size = tensor.shape.reduce((product, side) => product * side, 1);
  const count = size / (from[0] * from[1]);
  const padded = webgpuBackend().makeTensorInfo([count, ...to], "float32");
  const cells = count * to[0] * to[1];
  runInto(shaderFor(from, to), [tensor], [padded], [cells], Math.ceil(cells / LANES));
  use(padded);
  webgpuBackend().disposeData(padded.dataId);
}

/** The sizes are constants of the code, since division by anything else is slow. */
function shaderFor(
  [rows, columns]: readonly [number, number],
  [toRows, toColumns]: readonly [number, number],
): Shader {
  return {
    key: `pad_last_axes_${rows}_${columns}_${toRows}_${toColumns}`,
    inputs: { x: "f32" },
    outputs: { result: "f32" },
    uniforms: ["cells"],
    lanes: LANES,
    code: `
  fn main(block : i32) {
    let index = block * ${LANES} + i32(localId.x);
    if (index >= uniforms.cells) { return; }
    let column = index % ${toColumns};
    let row = index / ${toColumns} % ${toRows};
    let isThere = row < ${rows} && column < ${columns};
    let at = (index / ${toColumns * toRows} * ${rows} + row) * ${columns} + column;
    result[index] = select(0.0, x[select(0, at, isThere)], isThere);
  }`,
  };
}
