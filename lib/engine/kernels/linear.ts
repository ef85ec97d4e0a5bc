/**
 * A linear layer, `Y = act(X W + b)`, in one dispatch, and its gradients in one to three.
 *
 * With `G = dY` where `Y` passed the ReLU and 0 elsewhere: `dX = G Wᵀ`, `dW = Xᵀ G`, `db = Σ G` over
 * the rows. `db` comes from a few more workgroups of the dispatch that computes `dW`; so does `dX`
 * where the products are small. There, and without `dX`, `G` is never stored: the products take the
 * mask in as they load `dY`. Sums that are long for the number of their results take a dispatch more
 * (see `mat_mul_split.ts`).
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { isTaped, toTensor, unwritten } from "../tape.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { NO_EPILOGUE } from "./epilogue.ts";
import { gate } from "./gate.ts";
import { writeGradients } from "./linear_gradient.ts";
import { matMul } from "./mat_mul.ts";

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

/** The kernel behind {@link linear}. */
export const linearKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x, weight, bias } = inputs as unknown as Record<"x" | "weight" | "bias", TensorInfo>;
    const relu = (attrs as { activation: Activation }).activation === "relu";
    const { rows: M, inputs: K, outputs: N } = sizesOf(x, weight);
    const form = { transposeA: false, transposeB: false, epilogue: { bias, relu } };
    return matMul(x, weight, { M, N, K }, form, [M, N]);
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
  const results = { weight: unwritten(weight.shape), bias: unwritten([outputs]) };
  const [dx, passed] = [unwritten(x.shape), unwritten([rows, outputs])];
  // What the products read: `dY` and its mask, or what has passed it.
  let source = { g, y };
  let written = false;
  const writeOnce = (input?: TensorInfo) => {
    if (written) return;
    writeGradients(source.g, source.y, x, weight, input ? { ...results, x: input } : results);
    written = true;
  };
  return {
    x: () => {
      if (!written && rows * inputs * outputs <= SMALL) {
        // Who asks for this will hardly not ask for the others.
        writeOnce(dx);
        return dx;
      }
      // `dX` reads a value of `dY` once for every 64 of its columns, and the mask would be read as
      // often.
      if (y) {
        gate(g, y, passed);
        source = { g: passed, y: undefined };
      }
      const form = { transposeA: false, transposeB: true, epilogue: NO_EPILOGUE };
      const sizes = { M: rows, N: inputs, K: outputs };
      return toTensor(matMul(source.g, weight, sizes, form, x.shape));
    },
    weight: () => {
      writeOnce();
      return results.weight;
    },
    bias: () => {
      writeOnce();
      return results.bias;
    },
  };
}
