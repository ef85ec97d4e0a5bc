/** The gradient of a ReLU, where the kernels that use it cannot take it in as they load. @module */

import { tf } from "../../deps.ts";
import type { TensorInfo } from "../../tensor.ts";
import { gated } from "./epilogue.ts";
import { runInto, type Shader } from "./several.ts";

const LANES = 64;

/**
 * Passes a gradient on to the input of a ReLU; see {@link gated}.
 *
 * @param dy Gradient of the ReLU's output.
 * @param y The output, of the same shape.
 * @param result Where the gradient of the input goes.
 */
export function gate(dy: TensorInfo, y: TensorInfo, result: TensorInfo): void {
  const size = tf.util.sizeFromShape(y.shape);
  const components = size % 4 === 0 ? 4 : 1;
  const type = components === 4 ? "vec4<f32>" : "f32";
  const elements = size / components;
  const shader: Shader = {
    key: `gate_${components}`,
    inputs: { dy: type, y: type },
    outputs: { result: type },
    uniforms: ["elements"],
    lanes: LANES,
    code: `fn main(block : i32) {
      let i = block * ${LANES} + i32(localId.x);
      if (i < uniforms.elements) { result[i] = ${gated("dy[i]", "y[i]", type)}; }
    }`,
  };
  runInto(shader, [dy, y], [result], [elements], Math.ceil(elements / LANES));
}
