/**
 * The matrix product whose invocations work each on their own.
 *
 * Each computes a block of `rows` × `columns` results in named scalars, so that a value loaded from
 * `A` serves `columns` products and one from `B` serves `rows`. Neighbouring invocations take
 * neighbouring columns, the fast axis of `C` and, unless it is transposed, of `B`; where there are few
 * columns, they take neighbouring rows, too. Where the memory order allows it, four
 * values are loaded as one vector: along `k` from a side whose rows follow `k`, along the rows from
 * a transposed `A`. Workgroup memory is not used: on a software adapter it is ordinary memory, and
 * the copy into it costs what it saves.
 *
 * @module
 */

import { epilogueKey, finished } from "./epilogue.ts";
import {
  type BufferNames,
  loader,
  type MatMulCode,
  type MatMulForm,
  type MatMulSizes,
  PARAMETERS,
  place,
  range,
} from "./mat_mul_form.ts";
import type { RegisterTiles } from "./tiles.ts";

/** What a shader is written for. */
interface Variant extends MatMulForm {
  /** Invocations that take neighbouring columns. */
  readonly lanesAcross: number;
  /** Invocations that take neighbouring rows. */
  readonly lanesDown: number;
  /** Rows of each. */
  readonly rows: number;
  /** Columns of each. */
  readonly columns: number;
  /** Steps of `k` per turn of the loop, 1 or 4; 4 needs `K % 4 === 0`. */
  readonly unroll: number;
  /** Whether `A` is read as `vec4`. */
  readonly vectorA: boolean;
  /** Whether `B` is read as `vec4`. */
  readonly vectorB: boolean;
}

function powerOfTwoUpTo(n: number, limit: number): number {
  let result = 1;
  while (result * 2 <= n && result < limit) result *= 2;
  return result;
}

function powerOfTwoFrom(n: number, limit: number): number {
  let result = 1;
  while (result < n && result < limit) result *= 2;
  return result;
}

/** Lays the invocations of a workgroup and their blocks out over the results. */
function layOut(M: number, N: number, { lanes, rows, columns, narrow }: RegisterTiles) {
  const fewest = lanes / powerOfTwoUpTo(M, lanes);
  const lanesAcross = Math.max(fewest, powerOfTwoFrom(Math.ceil(N / narrow), lanes));
  const lanesDown = lanes / lanesAcross;
  const each = Math.ceil(N / lanesAcross);
  if (lanesDown === 1) {
    return {
      lanesAcross,
      lanesDown,
      rows: powerOfTwoFrom(M, rows),
      columns: powerOfTwoFrom(each, columns),
    };
  }
  // A single column of workgroups: the columns can be exact, and half of the rows keep two at work.
  const most = powerOfTwoUpTo(rows * columns / each, rows);
  return {
    lanesAcross,
    lanesDown,
    rows: powerOfTwoFrom(Math.ceil(M / lanesDown / 2), most),
    columns: each,
  };
}

/** Chooses blocks and loads for a product. */
export function registerCode(
  { M, N, K }: MatMulSizes,
  form: MatMulForm,
  tiles: RegisterTiles,
): MatMulCode {
  const { transposeA, transposeB, gate, placeA, placeB, scalarA = false, epilogue } = form;
  const { lanesAcross, lanesDown, rows, columns } = layOut(M, N, tiles);
  const unroll = K % 4 === 0 ? 4 : 1;
  const fitsA = transposeA ? M % 4 === 0 && rows % 4 === 0 && lanesDown === 1 : unroll === 4;
  const vectorA = fitsA && !scalarA;
  const vectorB = transposeB && unroll === 4;
  const variant: Variant = {
    ...form,
    lanesAcross,
    lanesDown,
    rows,
    columns,
    unroll,
    vectorA,
    vectorB,
  };
  const shape = [lanesAcross, lanesDown, rows, columns, unroll, vectorA, vectorB];
  return {
    key: [...shape, transposeA, transposeB, gate, placeA, placeB].join("_") +
      epilogueKey(epilogue),
    lanes: tiles.lanes,
    componentsA: vectorA ? 4 : 1,
    componentsB: vectorB ? 4 : 1,
    blocks: Math.ceil(N / (lanesAcross * columns)) * Math.ceil(M / (lanesDown * rows)),
    hasBarrier: false,
    write: (name, result, rename = {}) => write(variant, name, result, rename),
  };
}

function write(v: Variant, name: string, result: string, rename: BufferNames): string {
  const I = range(v.rows);
  const J = range(v.columns);
  const { lanesAcross, lanesDown } = v;
  // What is the same for all invocations of a workgroup must be seen to be.
  const ownColumn = lanesAcross === 1 ? "0" : `(i32(localId.x) & ${lanesAcross - 1})`;
  const ownRow = lanesDown === 1 ? "0" : `(i32(localId.x) / ${lanesAcross})`;

  const store = (i: number, j: number) =>
    `if (column + ${j * lanesAcross} < N) { ` +
    `${result}[out + ${i * lanesDown} * N + c${j}] = ` +
    `${finished(`s${i}_${j}`, `c${j}`, v.epilogue)}; }`;

  return `
  fn ${name}(${PARAMETERS}) {
    ${place(v, v.rows * lanesDown, v.columns * lanesAcross)}
    let row = firstRow + ${ownRow};
    let column = firstColumn + ${ownColumn};
    ${I.map((i) => `let r${i} = min(row + ${i * lanesDown}, M - 1);`).join(" ")}
    ${J.map((j) => `let c${j} = min(column + ${j * lanesAcross}, N - 1);`).join(" ")}
    ${I.map((i) => J.map((j) => `var s${i}_${j} = 0.0;`).join(" ")).join("\n    ")}
    for (var k = start; k < end; k += ${v.unroll}) {
      ${turn(v, rename).join("\n      ")}
    }
    let out = (product * M + row) * N;
    ${
    I.map((i) =>
      `if (row + ${i * lanesDown} < M) {
      ${J.map((j) => store(i, j)).join("\n      ")}
    }`
    ).join("\n    ")
  }
  }`;
}

/** One turn of the loop: every load, in the order in which the sums need them. */
function turn(v: Variant, rename: BufferNames): string[] {
  const I = range(v.rows);
  const J = range(v.columns);
  const loadA = loader("A", v, rename, v.vectorA);
  const loadB = loader("B", v, rename, v.vectorB);
  return range(v.unroll).map((u) => {
    const loads: string[] = [];
    const k = u === 0 ? "k" : `(k + ${u})`;
    if (v.vectorA && !v.transposeA) {
      if (u === 0) I.forEach((i) => loads.push(`let a${i} = ${loadA(`baseA + r${i} * K + k`)};`));
    } else if (v.vectorA) {
      range(v.rows / 4).forEach((q) =>
        loads.push(`let a${u}_${q} = ${loadA(`baseA + ${k} * M + row + ${4 * q}`)};`)
      );
    } else {
      const at = (i: number) => v.transposeA ? `${k} * M + r${i}` : `r${i} * K + ${k}`;
      I.forEach((i) => loads.push(`let a${u}_${i} = ${loadA(`baseA + ${at(i)}`)};`));
    }
    if (v.vectorB) {
      if (u === 0) J.forEach((j) => loads.push(`let b${j} = ${loadB(`baseB + c${j} * K + k`)};`));
    } else {
      const at = (j: number) => v.transposeB ? `c${j} * K + ${k}` : `${k} * N + c${j}`;
      J.forEach((j) => loads.push(`let b${u}_${j} = ${loadB(`baseB + ${at(j)}`)};`));
    }
    const valueA = (i: number) =>
      !v.vectorA ? `a${u}_${i}` : v.transposeA ? `a${u}_${i >> 2}[${i & 3}]` : `a${i}[${u}]`;
    const valueB = (j: number) => v.vectorB ? `b${j}[${u}]` : `b${u}_${j}`;
    const sums = I.map((i) =>
      J.map((j) => `s${i}_${j} = fma(${valueA(i)}, ${valueB(j)}, s${i}_${j});`).join(" ")
    );
    return [...loads, ...sums].join("\n      ");
  });
}
