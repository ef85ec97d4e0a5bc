/**
 * Smooth activations, each in one dispatch forward and one backward.
 *
 * Written in tfjs's operations they take five to twelve dispatches each way and keep as many tensors
 * for the gradient. Here the gradient is computed from the input alone.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { isTaped, unwritten } from "../tape.ts";
import { webgpuBackend } from "../program.ts";
import { runInto, type Shader } from "./several.ts";

/** An activation by name. */
export type SmoothActivation = "gelu" | "gelu_tanh" | "silu" | "leaky_relu";

/** What tfjs passes to the kernel. */
interface Attributes {
  readonly activation: SmoothActivation;
  readonly slope: number;
}

const NAME = "InklingActivation";
const LANES = 64;

/** A function and its derivative in WGSL; an element may be a `vec4`, so `T` is its type. */
interface Formula {
  /** Functions that the others call. */
  readonly helpers?: string;
  /** `f(x)`. */
  readonly value: string;
  /** `f'(x)`. */
  readonly slope: string;
}

const SIGMOID = "fn sigmoid(x : T) -> T { return T(1.0) / (T(1.0) + exp(-x)); }";

const FORMULAS: Readonly<Record<SmoothActivation, Formula>> = {
  gelu: {
    // Φ(x) = erfc(−x/√2) / 2. The Chebyshev fit of erfc in Press et al., Numerical Recipes, section
    // 6.2, has a relative error below 1.2e-7 everywhere, so that the tail keeps its digits.
    helpers: `
    fn normalCdf(x : T) -> T {
      let z = abs(x) * ${Math.SQRT1_2}f;
      let t = T(1.0) / (T(1.0) + 0.5 * z);
      let series = ((((((((0.17087277f * t - 0.82215223f) * t + 1.48851587f) * t - 1.13520398f) * t +
        0.27886807f) * t - 0.18628806f) * t + 0.09678418f) * t + 0.37409196f) * t + 1.00002368f) * t -
        1.26551223f;
      let tail = 0.5 * t * exp(series - z * z);
      return select(T(1.0) - tail, tail, x < T(0.0));
    }`,
    value: "x * normalCdf(x)",
    slope: `normalCdf(x) + x * exp(-0.5 * x * x) * ${1 / Math.sqrt(2 * Math.PI)}f`,
  },
  gelu_tanh: {
    // 1 + tanh(u) = 2 σ(2u), which needs no care for large u.
    helpers: `${SIGMOID}
    const SCALE = ${2 * Math.sqrt(2 / Math.PI)}f;
    fn twice(x : T) -> T { return SCALE * x * (T(1.0) + 0.044715f * x * x); }
    fn slopeOf(x : T) -> T {
      let s = sigmoid(twice(x));
      let rest = s * (T(1.0) - s);
      // x² may be too large for a float where the rest is 0.
      let bend = x * rest * SCALE * (T(1.0) + 0.134145f * x * x);
      return s + select(bend, T(0.0), rest == T(0.0));
    }`,
    value: "x * sigmoid(twice(x))",
    slope: "slopeOf(x)",
  },
  silu: {
    helpers: SIGMOID,
    value: "x * sigmoid(x)",
    slope: "sigmoid(x) * (T(1.0) + x * (T(1.0) - sigmoid(x)))",
  },
  leaky_relu: {
    value: "select(x * SLOPE, x, x > T(0.0))",
    slope: "select(T(SLOPE), T(1.0), x > T(0.0))",
  },
};

/**
 * Applies an activation to each value; differentiable once.
 *
 * @param x Any shape.
 * @param activation Which one.
 * @param slope The factor below 0 of `leaky_relu`. @default 0.01
 */
export function activate(x: Tensor, activation: SmoothActivation, slope = 0.01): Tensor {
  if (x.size === 0) return tf.clone(x);
  return tf.engine().runKernel(NAME, { x }, { activation, slope }) as Tensor;
}

/** The kernel behind {@link activate}. */
export const activationKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    const result = webgpuBackend().makeTensorInfo(x.shape, "float32");
    elementwise(attrs as unknown as Attributes, [x], result);
    return result;
  },
};

/** The gradient of {@link activationKernel}. */
export const activationGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    const [x] = saved as [Tensor];
    const { activation, slope } = attrs as unknown as Attributes;
    return {
      x: () => {
        // Nor could tfjs: a gradient of its exponential's gradient loses a term.
        if (isTaped()) throw new RangeError(`Cannot differentiate ${activation} twice`);
        const dx = unwritten(x.shape);
        elementwise({ activation, slope }, [x, dy as Tensor], dx);
        return dx;
      },
    };
  },
};

/** Writes `f(x)`, or `f'(x) · dy` where there is a `dy`. */
function elementwise(
  { activation, slope }: Attributes,
  inputs: readonly TensorInfo[],
  result: TensorInfo,
): void {
  const size = tf.util.sizeFromShape(result.shape);
  const type = size % 4 === 0 ? "vec4<f32>" : "f32";
  const elements = type === "f32" ? size : size / 4;
  const formula = FORMULAS[activation];
  const backward = inputs.length === 2;
  const shader: Shader = {
    key: `${activation}_${backward}_${type}_${slope}`,
    inputs: { x: type, ...(backward && { dy: type }) },
    outputs: { result: type },
    uniforms: ["elements"],
    lanes: LANES,
    code: `
    alias T = ${type};
    const SLOPE = ${slope.toExponential()}f;
    ${formula.helpers ?? ""}
    fn value(x : T) -> T { return ${backward ? formula.slope : formula.value}; }
    fn main(block : i32) {
      let i = block * ${LANES} + i32(localId.x);
      if (i < uniforms.elements) { result[i] = value(x[i])${backward ? " * dy[i]" : ""}; }
    }`,
  };
  runInto(shader, inputs, [result], [elements], Math.ceil(elements / LANES));
}
