/**
 * Activations in one dispatch, and their gradients in one, computed again from `x`.
 *
 * In tfjs's operations each step of a formula is a dispatch and a tensor that the tape keeps.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { webgpuBackend } from "../program.ts";
import { isTaped, toTensor } from "../tape.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { type Activation, activationCode } from "./activations_code.ts";
import { runInto, type Shader } from "./several.ts";

const NAME = "InklingActivation";
const LANES = 64;

/** Applies an activation to each value, differentiable. */
export function activate(x: Tensor, activation: Activation): Tensor {
  if (x.size === 0) return tf.clone(x);
  return tf.engine().runKernel(NAME, { x }, { ...activation }) as Tensor;
}

/** The kernel behind {@link activate}. */
export const activationKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    return dispatch(attrs as unknown as Activation, "value(x[i])", { x });
  },
};

/** The gradient of {@link activationKernel}. */
export const activationGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved as [Tensor];
    const g = dy as Tensor;
    const activation = attrs as unknown as Activation;
    return {
      x: () =>
        isTaped()
          ? tf.grad(activationCode(activation).plain)(x, g)
          : toTensor(dispatch(activation, "g[i] * derivative(x[i])", { x, g })),
    };
  },
};

/** Computes `expression` for each element `i`. */
function dispatch(
  activation: Activation,
  expression: string,
  inputs: { readonly x: TensorInfo; readonly g?: TensorInfo },
): TensorInfo {
  const { x } = inputs;
  const size = tf.util.sizeFromShape(x.shape);
  const [type, components] = size % 4 === 0 ? ["vec4<f32>", 4] as const : ["f32", 1] as const;
  const elements = size / components;
  const shader: Shader = {
    key: ["activation", ...Object.values(activation), Object.keys(inputs).length, components]
      .join("_"),
    inputs: Object.fromEntries(Object.keys(inputs).map((name) => [name, type])),
    outputs: { result: type },
    uniforms: ["elements"],
    lanes: LANES,
    code: `
  alias T = ${type};
  ${activationCode(activation).code}
  fn main(block : i32) {
    let i = block * ${LANES} + i32(localId.x);
    if (i < uniforms.elements) { result[i] = ${expression}; }
  }`,
  };
  const result = webgpuBackend().makeTensorInfo([...x.shape], "float32");
  runInto(shader, Object.values(inputs), [result], [elements], Math.ceil(elements / LANES));
  return result;
}
