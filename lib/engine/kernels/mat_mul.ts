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
import { placeOf } from "./broadcast.ts";
import { matMulCode } from "./mat_mul_code.ts";
import type { MatMulForm, MatMulSizes } from "./mat_mul_form.ts";
import { type Slices, slicesFor, sumSlices } from "./mat_mul_split.ts";
import { runInto, type Shader } from "./several.ts";
import { type Tiles, tilesFor } from "./tiles.ts";

/** Sizes of products: `(batch, M, K)` times `(batch, K, N)`. */
export interface BatchSizes extends MatMulSizes {
  /** Products. @default 1 */
  readonly batch?: number;
}

/**
 * Computes products.
 *
 * @param a The left sides, one after the other.
 * @param b The right sides.
 * @param sizes How many and how large; none of the sizes is 0.
 * @param form How the sides lie in memory, and what is done with the sums.
 * @param outputShape Shape of the result, of `batch · M · N` values.
 * @param tiles The shape of the code. @default the one that was chosen for the sizes
 */
export function matMul(
  a: TensorInfo,
  b: TensorInfo,
  sizes: BatchSizes,
  form: Omit<MatMulForm, "gate">,
  outputShape: readonly number[],
  tiles: Tiles = tilesFor(sizes, sizes.batch ?? 1),
): TensorInfo {
  const slices = slicesFor(sizes, sizes.batch ?? 1);
  if (slices.count === 1) return products(a, b, sizes, form, slices, outputShape, tiles);
  const { epilogue } = form;
  const plain = { ...form, epilogue: NO_EPILOGUE };
  const values = slices.count * tf.util.sizeFromShape([...outputShape]);
  const partial = products(a, b, sizes, plain, slices, [values], tiles);
  const result = sumSlices(partial, slices.count, epilogue, outputShape);
  webgpuBackend().disposeData(partial.dataId);
  return result;
}

/** Computes products, or the slices of products. */
function products(
  a: TensorInfo,
  b: TensorInfo,
  sizes: BatchSizes,
  form: Omit<MatMulForm, "gate">,
  slices: Slices,
  outputShape: readonly number[],
  tiles: Tiles,
): TensorInfo {
  const { batch = 1, M, N, K } = sizes;
  const { bias } = form.epilogue;
  const code = matMulCode(sizes, form, tiles);
  const blocks = code.blocks * batch * slices.count;
  if (code.textures) {
    const result = webgpuBackend().makeTensorInfo([...outputShape], "float32");
    const shader: Shader = {
      key: `mat_mul_${code.key}`,
      inputs: { A: "texture", B: "texture", ...(bias && { bias: "f32" }) },
      outputs: { result: "f32" },
      uniforms: ["batches", "M", "N", "K", "perSlice"],
      lanes: code.lanes,
      code: `
      ${RECTIFY}
      ${code.write("product", "result")}
      fn main(block : i32) {
        product(block, uniforms.batches, uniforms.M, uniforms.N, uniforms.K, uniforms.perSlice);
      }`,
    };
    const sides = [a, b, ...(bias ? [bias] : [])];
    runInto(shader, sides, [result], [batch, M, N, K, slices.length], blocks);
    return result;
  }
  const call = (block: string) =>
    `product(${block}, uniforms.batches, uniforms.M, uniforms.N, uniforms.K, uniforms.perSlice);`;
  const program: Program = {
    key: `inkling_mat_mul_${code.key}`,
    outputShape,
    inputs: ["A", "B", ...(bias ? ["bias"] : [])],
    components: [code.componentsA, code.componentsB, ...(bias ? [1] : [])],
    uniforms: "blocks : i32, batches : i32, M : i32, N : i32, K : i32, perSlice : i32,",
    workgroupSize: [code.lanes, 1, 1],
    dispatch: [blocks, 1, 1],
    code: `
    ${RECTIFY}
    ${code.write("product", "result")}
    fn main(index : i32) {
      let block = ${BLOCK};
      ${
      // A barrier must not stand in a branch: workgroups past the last one repeat it.
      code.hasBarrier
        ? call("min(block, uniforms.blocks - 1)")
        : `if (block < uniforms.blocks) { ${call("block")} }`}
    }`,
  };
  const data = [blocks, batch, M, N, K, slices.length];
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
  const [M, K] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [N, innerB] = transposeB ? [rowsB, columnsB] : [columnsB, rowsB];
  // The stock kernel says what is wrong.
  if (K !== innerB) return undefined;
  const outer = tf.backend_util.assertAndGetBroadcastShape(outerA, outerB);
  const [batchA, batchB, batch] = [outerA, outerB, outer].map((s) => tf.util.sizeFromShape(s)) as [
    number,
    number,
    number,
  ];
  if (K === 0 && epilogue === NO_EPILOGUE) {
    // Sums of nothing: the stock kernel would bind buffers with nothing in them, which WebGPU
    // refuses.
    const shape = [...outer, M, N];
    const zeros = tf.util.makeZerosTypedArray(tf.util.sizeFromShape(shape), a.dtype);
    return webgpuBackend().makeTensorInfo(shape, a.dtype, zeros);
  }
  const isFloat = a.dtype === "float32" && b.dtype === "float32";
  const isSimple = Math.min(batchA, batchB) === 1 || tf.util.arraysEqual(outerA, outerB);
  if (!isFloat && !isSimple) {
    throw new RangeError(
      "Cannot multiply matrices of integers: outer axes must be the same or single, got shapes " +
        `[${a.shape}] and [${b.shape}]. Use tf.cast(x, "float32") first.`,
    );
  }
  // Integers and empty products are rare.
  if (!isFloat || Math.min(batch, M, N, K) === 0) return undefined;
  const form = {
    transposeA,
    transposeB,
    epilogue,
    placeA: placeOf(outerA, outer),
    placeB: placeOf(outerB, outer),
  };
  return matMul(a, b, { batch, M, N, K }, form, [...outer, M, N]);
}
