/**
 * The code of a matrix product.
 *
 * Each invocation computes a block of `rows` × `columns` results in named scalars, so that a value
 * loaded from `A` serves `columns` products and one from `B` serves `rows`. Neighbouring invocations
 * take neighbouring columns, the fast axis of `C` and, unless it is transposed, of `B`. Where the
 * memory order allows it, four values are loaded as one vector: along `k` from a side whose rows
 * follow `k`, along the rows from a transposed `A`. Workgroup memory is not used: on a software
 * adapter it is ordinary memory, and the copy into it costs what it saves.
 *
 * @module
 */

import { type Epilogue, epilogueKey, finished, gated } from "./epilogue.ts";
import { lanes } from "./lanes.ts";

const MAX_ROWS = 16;
const MAX_COLUMNS = 8;

/** Sizes of a product: `(M, K)` times `(K, N)`. */
export interface MatMulSizes {
  /** Rows of the result. */
  readonly M: number;
  /** Columns of the result. */
  readonly N: number;
  /** Products in each sum. */
  readonly K: number;
}

/** What the code is to do. */
export interface MatMulForm {
  /** Whether `A` lies in memory as `(K, M)`. */
  readonly transposeA: boolean;
  /** Whether `B` lies in memory as `(N, K)`. */
  readonly transposeB: boolean;
  /** What is done with the sums. */
  readonly epilogue: Epilogue;
  /** The side whose values count only where `Y`, of the same shape, is not 0. @default neither */
  readonly gate?: "A" | "B";
  /** Whether `A` must be read as `f32`. @default false */
  readonly scalarA?: boolean;
}

/** Code for a form and for sizes; those that are not in it are its parameters. */
export interface MatMulCode {
  /** Everything that is written into the code. */
  readonly key: string;
  /** How many numbers an element of `A` holds, 1 or 4; also one of `Y` when it gates `A`. */
  readonly componentsA: 1 | 4;
  /** The same of `B`. */
  readonly componentsB: 1 | 4;
  /** Workgroups, of {@link lanes} invocations, for one product. */
  readonly blocks: number;
  /**
   * `fn NAME(block, M, N, K, strideA, strideB : i32)`, which reads `A`, `B`, and, if asked to,
   * `bias` and `Y`. The stride is what lies between one product's matrix and the next one's.
   *
   * @param name The function's name.
   * @param result The buffer that it writes to.
   * @param rename Names in this shader of buffers that are called otherwise. @default none
   */
  readonly write: (name: string, result: string, rename?: BufferNames) => string;
}

/** Names of buffers. */
export type BufferNames = Partial<Record<"A" | "B" | "Y", string>>;

/** What a shader is written for; sizes are parameters, so that many shapes share a shader. */
interface Variant extends MatMulForm {
  readonly rows: number;
  readonly columns: number;
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

/** Chooses blocks and loads for a product. */
export function matMulCode({ M, N, K }: MatMulSizes, form: MatMulForm): MatMulCode {
  const { transposeA, transposeB, gate, scalarA = false, epilogue } = form;
  const rows = powerOfTwoAbove(M, MAX_ROWS);
  const columns = powerOfTwoAbove(Math.ceil(N / lanes()), MAX_COLUMNS);
  const unroll = K % 4 === 0 ? 4 : 1;
  const fitsA = transposeA ? M % 4 === 0 && rows % 4 === 0 : unroll === 4;
  const vectorA = fitsA && !scalarA;
  const vectorB = transposeB && unroll === 4;
  const variant: Variant = { ...form, rows, columns, unroll, vectorA, vectorB };
  return {
    key: [rows, columns, transposeA, transposeB, unroll, vectorA, vectorB, gate].join("_") +
      epilogueKey(epilogue),
    componentsA: vectorA ? 4 : 1,
    componentsB: vectorB ? 4 : 1,
    blocks: Math.ceil(N / (lanes() * columns)) * Math.ceil(M / rows),
    write: (name, result, rename = {}) => write(variant, name, result, rename),
  };
}

function write(v: Variant, name: string, result: string, rename: BufferNames): string {
  const I = range(v.rows);
  const J = range(v.columns);
  const { A = "A", B = "B", Y = "Y" } = rename;

  const load = (side: "A" | "B", at: string, vector: boolean) => {
    const place = vector ? `(${at}) >> 2u` : at;
    const value = `${side === "A" ? A : B}[${place}]`;
    return v.gate === side ? gated(value, `${Y}[${place}]`, vector ? "vec4<f32>" : "f32") : value;
  };
  // Every load of one turn of the loop, in the order in which the sums need them.
  const turn = range(v.unroll).map((u) => {
    const loads: string[] = [];
    const k = u === 0 ? "k" : `(k + ${u})`;
    if (v.vectorA && !v.transposeA) {
      if (u === 0) {
        I.forEach((i) => loads.push(`let a${i} = ${load("A", `baseA + r${i} * K + k`, true)};`));
      }
    } else if (v.vectorA) {
      range(v.rows / 4).forEach((q) =>
        loads.push(`let a${u}_${q} = ${load("A", `baseA + ${k} * M + row + ${4 * q}`, true)};`)
      );
    } else {
      const at = (i: number) => v.transposeA ? `${k} * M + r${i}` : `r${i} * K + ${k}`;
      I.forEach((i) => loads.push(`let a${u}_${i} = ${load("A", `baseA + ${at(i)}`, false)};`));
    }
    if (v.vectorB) {
      if (u === 0) {
        J.forEach((j) => loads.push(`let b${j} = ${load("B", `baseB + c${j} * K + k`, true)};`));
      }
    } else {
      const at = (j: number) => v.transposeB ? `c${j} * K + ${k}` : `${k} * N + c${j}`;
      J.forEach((j) => loads.push(`let b${u}_${j} = ${load("B", `baseB + ${at(j)}`, false)};`));
    }
    const valueA = (i: number) =>
      !v.vectorA ? `a${u}_${i}` : v.transposeA ? `a${u}_${i >> 2}[${i & 3}]` : `a${i}[${u}]`;
    const valueB = (j: number) => v.vectorB ? `b${j}[${u}]` : `b${u}_${j}`;
    const sums = I.map((i) =>
      J.map((j) => `s${i}_${j} = fma(${valueA(i)}, ${valueB(j)}, s${i}_${j});`).join(" ")
    );
    return [...loads, ...sums].join("\n      ");
  });
  const store = (i: number, j: number) =>
    `if (first + ${j * lanes()} < N) { ` +
    `${result}[out + ${i} * N + c${j}] = ${finished(`s${i}_${j}`, `c${j}`, v.epilogue)}; }`;

  return `
  fn ${name}(block : i32, M : i32, N : i32, K : i32, strideA : i32, strideB : i32) {
    let across = (N + ${lanes() * v.columns - 1}) / ${lanes() * v.columns};
    let down = (M + ${v.rows - 1}) / ${v.rows};
    let batch = block / (across * down);
    let baseA = batch * strideA;
    let baseB = batch * strideB;
    let row = block / across % down * ${v.rows};
    let first = block % across * ${lanes() * v.columns} + i32(localId.x);
    ${I.map((i) => `let r${i} = min(row + ${i}, M - 1);`).join(" ")}
    ${J.map((j) => `let c${j} = min(first + ${j * lanes()}, N - 1);`).join(" ")}
    ${I.map((i) => J.map((j) => `var s${i}_${j} = 0.0;`).join(" ")).join("\n    ")}
    for (var k = 0; k < K; k += ${v.unroll}) {
      ${turn.join("\n      ")}
    }
    let out = (batch * M + row) * N;
    ${
    I.map((i) =>
      `if (row + ${i} < M) {
      ${J.map((j) => store(i, j)).join("\n      ")}
    }`
    ).join("\n    ")
  }
  }`;
}
