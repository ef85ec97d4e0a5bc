/**
 * Matrix product `C = A B`, with either side transposed, batched.
 *
 * Each invocation computes a block of `rows` × `columns` results in named scalars, so that a value
 * loaded from `A` serves `columns` products and one from `B` serves `rows`. Neighbouring invocations
 * take neighbouring columns, the fast axis of `C` and, unless it is transposed, of `B`. Where the
 * memory order allows it, four values are loaded as one vector: along `k` from a side whose rows
 * follow `k`, along the rows from a transposed `A`. Workgroup memory is not used: on a software
 * adapter it is ordinary memory, and the copy into it costs what it saves.
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

/** Invocations per workgroup: one SIMD vector of a software adapter. */
const LANES = 8;
const MAX_ROWS = 16;
const MAX_COLUMNS = 8;

/** What a shader is written for; sizes are uniforms, so that many shapes share a shader. */
interface Variant {
  readonly rows: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Steps of `k` per turn of the loop, 1 or 4; 4 needs `K % 4 === 0`. */
  readonly unroll: number;
  /** Whether `A` is read as `vec4`. */
  readonly vectorA: boolean;
  /** Whether `B` is read as `vec4`. */
  readonly vectorB: boolean;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

function powerOfTwoAbove(n: number, limit: number): number {
  let result = 1;
  while (result < n && result < limit) result *= 2;
  return result;
}

/** Sizes of a product: `(batch, M, K)` times `(batch, K, N)`. */
interface Sizes {
  readonly batch: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Whether one `A` serves all of the batch. */
  readonly sharedA: boolean;
  /** Whether one `B` serves all of the batch. */
  readonly sharedB: boolean;
}

function matMul(
  a: TensorInfo,
  b: TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
  sizes: Sizes,
  outputShape: readonly number[],
): TensorInfo {
  const { batch, M, N, K } = sizes;
  const rows = powerOfTwoAbove(M, MAX_ROWS);
  const unroll = K % 4 === 0 ? 4 : 1;
  const variant: Variant = {
    rows,
    columns: powerOfTwoAbove(Math.ceil(N / LANES), MAX_COLUMNS),
    transposeA,
    transposeB,
    unroll,
    vectorA: transposeA ? M % 4 === 0 && rows % 4 === 0 : unroll === 4,
    vectorB: transposeB && unroll === 4,
  };
  const program: Program = {
    key: `inkling_mat_mul_${Object.values(variant).join("_")}`,
    outputShape,
    inputs: ["A", "B"],
    components: [variant.vectorA ? 4 : 1, variant.vectorB ? 4 : 1],
    uniforms: "M : i32, N : i32, K : i32, strideA : i32, strideB : i32,",
    workgroupSize: [LANES, 1, 1],
    dispatch: [Math.ceil(N / (LANES * variant.columns)) * Math.ceil(M / rows) * batch, 1, 1],
    code: shader(variant),
  };
  const data = [M, N, K, sizes.sharedA ? 0 : M * K, sizes.sharedB ? 0 : K * N];
  return run(program, [a, b], data.map((value) => ({ type: "int32", data: [value] })));
}

function shader(v: Variant): string {
  const I = range(v.rows);
  const J = range(v.columns);

  // Every load of one turn of the loop, in the order in which the sums need them.
  const turn = range(v.unroll).map((u) => {
    const loads: string[] = [];
    if (v.vectorA && !v.transposeA) {
      if (u === 0) I.forEach((i) => loads.push(`let a${i} = A[(baseA + r${i} * K + k) >> 2u];`));
    } else if (v.vectorA) {
      range(v.rows / 4).forEach((q) =>
        loads.push(`let a${u}_${q} = A[(baseA + (k + ${u}) * M + row + ${4 * q}) >> 2u];`)
      );
    } else {
      const at = (i: number) => v.transposeA ? `(k + ${u}) * M + r${i}` : `r${i} * K + k + ${u}`;
      I.forEach((i) => loads.push(`let a${u}_${i} = A[baseA + ${at(i)}];`));
    }
    if (v.vectorB) {
      if (u === 0) J.forEach((j) => loads.push(`let b${j} = B[(baseB + c${j} * K + k) >> 2u];`));
    } else {
      const at = (j: number) => v.transposeB ? `c${j} * K + k + ${u}` : `(k + ${u}) * N + c${j}`;
      J.forEach((j) => loads.push(`let b${u}_${j} = B[baseB + ${at(j)}];`));
    }
    const valueA = (i: number) =>
      !v.vectorA ? `a${u}_${i}` : v.transposeA ? `a${u}_${i >> 2}[${i & 3}]` : `a${i}[${u}]`;
    const valueB = (j: number) => v.vectorB ? `b${j}[${u}]` : `b${u}_${j}`;
    const sums = I.map((i) =>
      J.map((j) => `s${i}_${j} = fma(${valueA(i)}, ${valueB(j)}, s${i}_${j});`).join(" ")
    );
    return [...loads, ...sums].join("\n      ");
  });

  return `
  fn main(index : i32) {
    let M = uniforms.M;
    let N = uniforms.N;
    let K = uniforms.K;
    let across = (N + ${LANES * v.columns - 1}) / ${LANES * v.columns};
    let down = (M + ${v.rows - 1}) / ${v.rows};
    let block = ${BLOCK};
    let batch = block / (across * down);
    // Past the last workgroup; a write out of bounds may land on any result.
    if (batch * M * N >= uniforms.size) { return; }
    let baseA = batch * uniforms.strideA;
    let baseB = batch * uniforms.strideB;
    let row = block / across % down * ${v.rows};
    let first = block % across * ${LANES * v.columns} + i32(localId.x);
    ${I.map((i) => `let r${i} = min(row + ${i}, M - 1);`).join(" ")}
    ${J.map((j) => `let c${j} = min(first + ${j * LANES}, N - 1);`).join(" ")}
    ${I.map((i) => J.map((j) => `var s${i}_${j} = 0.0;`).join(" ")).join("\n    ")}
    for (var k = 0; k < K; k += ${v.unroll}) {
      ${turn.join("\n      ")}
    }
    let out = (batch * M + row) * N;
    ${
    I.map((i) =>
      `if (row + ${i} < M) {
      ${
        J.map((j) =>
          `if (first + ${j * LANES} < N) { result[out + ${i} * N + c${j}] = s${i}_${j}; }`
        ).join("\n      ")
      }
    }`
    ).join("\n    ")
  }
  }`;
}

/** The kernel as tfjs knows it; `stock` computes what this one leaves alone. */
export function matMulKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { a, b } = args.inputs as unknown as { a: TensorInfo; b: TensorInfo };
      const { transposeA, transposeB } = args.attrs as { transposeA: boolean; transposeB: boolean };
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
      if (K === 0) {
        // Sums of nothing: the stock kernel would bind buffers with nothing in them, which WebGPU
        // refuses.
        const shape = [...outer, M, N];
        const zeros = tf.util.makeZerosTypedArray(tf.util.sizeFromShape(shape), a.dtype);
        return webgpuBackend().makeTensorInfo(shape, a.dtype, zeros);
      }
      const isFloat = a.dtype === "float32" && b.dtype === "float32";
      // Integers, empty products and outer axes that broadcast into each other are rare.
      if (!isFloat || !sameBatch || Math.min(batchA, batchB, M, N) === 0) {
        return stock.kernelFunc(args);
      }
      const sizes = { batch, M, N, K, sharedA: batchA < batch, sharedB: batchB < batch };
      return matMul(a, b, transposeA, transposeB, sizes, [...outer, M, N]);
    },
  };
}
