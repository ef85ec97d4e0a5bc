/**
 * Matrix product `C = A B`, with either side transposed, batched, with bias and ReLU.
 *
 * The stock kernels for products with few results sum over slices of a long `k` with float atomics,
 * in whatever order the slices end; here every sum has one order, and the bits are reproducible.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { type Program, run, webgpuBackend } from "../program.ts";
import type { KernelConfig, TensorInfo } from "../../tensor.ts";
import { BLOCK } from "./block.ts";
import { type Epilogue, NO_EPILOGUE, readEpilogue, RECTIFY } from "./epilogue.ts";
import { lanes } from "./lanes.ts";
import { matMulCode, type MatMulForm, type MatMulSizes } from "./mat_mul_code.ts";

/** Sizes of products: `(batch, M, K)` times `(batch, K, N)`. */
export interface BatchSizes extends MatMulSizes {
  /** Products. */
  readonly batch: number;
  /** Whether one `A` serves all of the batch. */
  readonly sharedA: boolean;
  /** Whether one `B` serves all of the batch. */
  readonly sharedB: boolean;
}

/**
 * Computes products.
 *
 * @param a The left sides, one after the other.
 * @param b The right sides.
 * @param sizes How many and how large; none of the sizes is 0.
 * @param form How the sides lie in memory, and what is done with the sums.
 * @param outputShape Shape of the result, of `batch · M · N` values.
 */
export function matMul(
  a: TensorInfo,
  b: TensorInfo,
  sizes: BatchSizes,
  form: Omit<MatMulForm, "gate">,
  outputShape: readonly number[],
): TensorInfo {
  const { batch, M, N, K } = sizes;
  const { bias } = form.epilogue;
  const code = matMulCode(sizes, form);
  const blocks = code.blocks * batch;
  const program: Program = {
    key: `inkling_mat_mul_${code.key}`,
    outputShape,
    inputs: ["A", "B", ...(bias ? ["bias"] : [])],
    components: [code.componentsA, code.componentsB, ...(bias ? [1] : [])],
    uniforms: "blocks : i32, M : i32, N : i32, K : i32, strideA : i32, strideB : i32,",
    workgroupSize: [lanes(), 1, 1],
    dispatch: [blocks, 1, 1],
    code: `
    ${RECTIFY}
    ${code.write("product", "result")}
    fn main(index : i32) {
      let block = ${BLOCK};
      if (block < uniforms.blocks) {
        product(block, uniforms.M, uniforms.N, uniforms.K, uniforms.strideA, uniforms.strideB);
      }
    }`,
  };
  const data = [blocks, M, N, K, sizes.sharedA ? 0 : M * K, sizes.sharedB ? 0 : K * N];
  const inputs = [a, b, ...(bias ? [bias] : [])];
  return run(program, inputs, data.map((value) => ({ type: "int32", data: [value] })));
}

/** The kernel as tfjs knows it; `stock` computes what this one leaves alone. */
export function matMulKernel(stock: KernelConfig): KernelConfig {
  return { ...stock, kernelFunc: (args) => product(args, NO_EPILOGUE) ?? stock.kernelFunc(args) };
}

/** The kernel of `tf.fused.matMul`; `stock` computes what this one leaves alone. */
export function fusedMatMulKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { transposeB } = args.attrs as { transposeB: boolean };
      const columns = (args.inputs.b as TensorInfo).shape.at(transposeB ? -2 : -1)!;
      const epilogue = readEpilogue(args.inputs, args.attrs ?? {}, columns);
      return epilogue && product(args, epilogue) || stock.kernelFunc(args);
    },
  };
}

type KernelArguments = Parameters<KernelConfig["kernelFunc"]>[0];

/** `undefined` for what is left to the stock kernels. */
function product({ inputs, attrs }: KernelArguments, epilogue: Epilogue): TensorInfo | undefined {
  const { a, b } = inputs as unknown as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const outerA = a.shape.slice(0, -2);
  const outerB = b.shape.slice(0, -2);
  const batchA = tf.util.sizeFromShape(outerA);
  const batchB = tf.util.sizeFromShape(outerB);
  const [M, K] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const N = transposeB ? rowsB : columnsB;
  const sameBatch = tf.util.arraysEqual(outerA, outerB) || batchA === 1 || batchB === 1;
  const batch = Math.max(batchA, batchB);
  const outer = tf.backend_util.assertAndGetBroadcastShape(outerA, outerB);
  if (K === 0 && epilogue === NO_EPILOGUE) {
    // Sums of nothing: the stock kernel would bind buffers with nothing in them, which WebGPU
    // refuses.
    const shape = [...outer, M, N];
    const zeros = tf.util.makeZerosTypedArray(tf.util.sizeFromShape(shape), a.dtype);
    return webgpuBackend().makeTensorInfo(shape, a.dtype, zeros);
  }
  const isFloat = a.dtype === "float32" && b.dtype === "float32";
  // Integers, empty products and outer axes that broadcast into each other are rare.
  if (!isFloat || !sameBatch || Math.min(batchA, batchB, M, N, K) === 0) return undefined;
  const sizes = { batch, M, N, K, sharedA: batchA < batch, sharedB: batchB < batch };
  return matMul(a, b, sizes, { transposeA, transposeB, epilogue }, [...outer, M, N]);
}
