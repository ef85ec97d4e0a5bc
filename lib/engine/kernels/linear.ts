/**
 * A linear layer, `Y = act(X W + b)`, in one dispatch, and its gradients in one or two.
 *
 * With `G = dY` where `Y` passed the ReLU and 0 elsewhere: `dX = G Wᵀ`, `dW = Xᵀ G`, `db = Σ G` over
 * the rows. `G` is never stored: the products take the mask in as they load `dY`. `db` comes from a
 * few more workgroups of the dispatch that computes `dW`.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { webgpuBackend } from "../program.ts";
import { isTaped, toTensor } from "../tape.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { gated, NO_EPILOGUE } from "./epilogue.ts";
import { matMul } from "./mat_mul.ts";
import { matMulCode } from "./mat_mul_code.ts";
import { LANES, runInto, type Shader } from "./several.ts";

/** What follows the sum. */
export type Activation = "linear" | "relu";

const NAME = "InklingLinear";

/** Multiplications of a product below which a dispatch of its own would cost more. */
const SMALL = 2 ** 20;

/**
 * `act(x W + b)`, differentiable.
 *
 * @param x `(N, in)`.
 * @param weight `(in, out)`.
 * @param bias `(out)`.
 * @param activation What follows. @default "linear"
 * @returns `(N, out)`.
 */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  activation: Activation = "linear",
): Tensor {
  if (x.size === 0 || weight.size === 0) return plain(x, weight, bias, activation);
  return tf.engine().runKernel(NAME, { x, weight, bias }, { activation }) as Tensor;
}

function plain(x: Tensor, weight: Tensor, bias: Tensor, activation: Activation): Tensor {
  const y = tf.add(tf.matMul(x, weight), bias);
  return activation === "relu" ? tf.relu(y) : y;
}

function sizesOf(x: TensorInfo, weight: TensorInfo) {
  const [rows, inputs] = x.shape as [number, number];
  return { rows, inputs, outputs: weight.shape[1]! };
}

const ONE = { batch: 1, sharedA: false, sharedB: false };

/** The kernel behind {@link linear}. */
export const linearKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x, weight, bias } = inputs as unknown as Record<"x" | "weight" | "bias", TensorInfo>;
    const relu = (attrs as { activation: Activation }).activation === "relu";
    const { rows: M, inputs: K, outputs: N } = sizesOf(x, weight);
    const form = { transposeA: false, transposeB: false, epilogue: { bias, relu } };
    return matMul(x, weight, { ...ONE, M, N, K }, form, [M, N]);
  },
};

/** The gradient of {@link linearKernel}. */
export const linearGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["x", "weight"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attrs) => {
    const [x, weight, y] = saved as [Tensor, Tensor, Tensor];
    const relu = (attrs as unknown as { activation: Activation }).activation === "relu";
    const g = dy as Tensor;
    return isTaped()
      ? plainGradients(relu ? tf.mul(g, tf.step(y)) : g, x, weight)
      : fusedGradients(g, relu ? y : undefined, x, weight);
  },
};

/** Gradients by input, computed when they are asked for. */
type Gradients = Record<"x" | "weight" | "bias", () => Tensor>;

function plainGradients(g: Tensor, x: Tensor, weight: Tensor): Gradients {
  return {
    x: () => tf.matMul(g, weight, false, true),
    weight: () => tf.matMul(x, g, true, false),
    bias: () => tf.sum(g, 0),
  };
}

function fusedGradients(g: Tensor, y: Tensor | undefined, x: Tensor, weight: Tensor): Gradients {
  const { rows, inputs, outputs } = sizesOf(x, weight);
  // tfjs asks for one gradient after the other, and frees what else was made on the way. So the
  // tensors are made here, where they live as long as the backward pass, and have no buffer before
  // they are written.
  const made = (shape: number[]) => toTensor(webgpuBackend().makeTensorInfo(shape, "float32"));
  const results = { weight: made(weight.shape), bias: made([outputs]) };
  let written = false;
  const writeAll = (dx?: Tensor) => {
    writeGradients(g, y, x, weight, dx ? { ...results, x: dx } : results);
    written = true;
  };
  return {
    x: () => {
      // Who asks for this first will hardly not ask for the others.
      if (rows * inputs * outputs <= SMALL) {
        const dx = made(x.shape);
        writeAll(dx);
        return dx;
      }
      const form = { transposeA: false, transposeB: true, epilogue: NO_EPILOGUE };
      const sizes = { ...ONE, M: rows, N: inputs, K: outputs };
      const gate = y && { gate: "A" as const };
      return toTensor(matMul(g, weight, sizes, { ...form, ...gate }, x.shape, y));
    },
    weight: () => {
      if (!written) writeAll();
      return results.weight;
    },
    bias: () => {
      if (!written) writeAll();
      return results.bias;
    },
  };
}

/** Where gradients go. */
interface Results {
  readonly x?: TensorInfo;
  readonly weight: TensorInfo;
  readonly bias: TensorInfo;
}

/** Writes the gradients of weight and bias, and of `x` where wanted, in one dispatch. */
function writeGradients(
  g: TensorInfo,
  y: TensorInfo | undefined,
  x: TensorInfo,
  weight: TensorInfo,
  results: Results,
): void {
  const { rows, inputs, outputs } = sizesOf(x, weight);
  const epilogue = NO_EPILOGUE;
  const forWeight = matMulCode({ M: inputs, N: outputs, K: rows }, {
    transposeA: true,
    transposeB: false,
    epilogue,
    ...(y && { gate: "B" }),
  });
  const forInput = results.x && matMulCode({ M: rows, N: inputs, K: outputs }, {
    transposeA: false,
    transposeB: true,
    epilogue,
    // As the other product reads it.
    scalarA: true,
    ...(y && { gate: "A" }),
  });
  const type = (components: 1 | 4 | undefined) => components === 4 ? "vec4<f32>" : "f32";
  const value = y ? gated("g[at]", "Y[at]", "f32") : "g[at]";
  const shader: Shader = {
    key: `linear_grad_${forWeight.key}_${forInput?.key}`,
    inputs: {
      g: "f32",
      ...(y && { Y: "f32" }),
      x: type(forWeight.componentsA),
      ...(forInput && { W: type(forInput.componentsB) }),
    },
    outputs: { dW: "f32", db: "f32", ...(forInput && { dX: "f32" }) },
    uniforms: ["rows", "inputs", "outputs", "forWeight", "forBias"],
    code: `
    ${forWeight.write("weightGradient", "dW", { A: "x", B: "g" })}
    ${forInput?.write("inputGradient", "dX", { A: "g", B: "W" }) ?? ""}
    fn biasGradient(block : i32, rows : i32, outputs : i32) {
      let column = block * ${LANES} + i32(localId.x);
      if (column >= outputs) { return; }
      var sum = 0.0;
      for (var at = column; at < rows * outputs; at += outputs) { sum += ${value}; }
      db[column] = sum;
    }
    fn main(block : i32) {
      let rows = uniforms.rows;
      let inputs = uniforms.inputs;
      let outputs = uniforms.outputs;
      let afterWeight = block - uniforms.forWeight;
      if (afterWeight < 0) {
        weightGradient(block, inputs, outputs, rows, 0, 0);
      } else if (afterWeight < uniforms.forBias) {
        biasGradient(afterWeight, rows, outputs);
      }${
      forInput
        ? ` else {
        inputGradient(afterWeight - uniforms.forBias, rows, inputs, outputs, 0, 0);
      }`
        : ""
    }
    }`,
  };
  const forBias = Math.ceil(outputs / LANES);
  runInto(
    shader,
    [g, ...(y ? [y] : []), x, ...(forInput ? [weight] : [])],
    [results.weight, results.bias, ...(results.x ? [results.x] : [])],
    [rows, inputs, outputs, forWeight.blocks, forBias],
    forWeight.blocks + forBias + (forInput?.blocks ?? 0),
  );
}
