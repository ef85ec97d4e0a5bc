/** Tensors with zeros behind their last axis. @module */

import type { TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { runInto, type Shader } from "./several.ts";

const LANES = 64;

/**
 * Has `use` work on `tensor` with zeros behind its last axis.
 *
 * @param tensor Any shape.
 * @param from Its last axis.
 * @param to What that is to be, no less. Where nothing is added, `use` gets `tensor` itself.
 * @param use Encodes dispatches that read the padded tensor, which is freed afterwards.
 */
export function withPadding(
  tensor: TensorInfo,
  from: number,
  to: number,
  use: (padded: TensorInfo) => void,
): void {
  if (from === to) return use(tensor);
  const rows = tensor.shape.reduce((product, side) => product * side, 1) / from;
  const padded = webgpuBackend().makeTensorInfo([rows, to], "float32");
  runInto(shaderFor(from, to), [tensor], [padded], [rows * to], Math.ceil(rows * to / LANES));
  use(padded);
  webgpuBackend().disposeData(padded.dataId);
}

/** The sizes are constants of the code, since division by anything else is slow. */
function shaderFor(from: number, to: number): Shader {
  return {
    key: `pad_last_axis_${from}_${to}`,
    inputs: { x: "f32" },
    outputs: { result: "f32" },
    uniforms: ["cells"],
    lanes: LANES,
    code: `
  fn main(block : i32) {
    let index = block * ${LANES} + i32(localId.x);
    if (index >= uniforms.cells) { return; }
    let column = index % ${to};
    let isThere = column < ${from};
    let at = index / ${to} * ${from} + column;
    result[index] = select(0.0, x[select(0, at, isThere)], isThere);
  }`,
  };
}
