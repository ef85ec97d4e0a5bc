/**
 * The matrix product that reads its sides through textures, for software adapters (see
 * `textures.ts`).
 *
 * As in `mat_mul_registers.ts`, each invocation computes a block of results in named scalars and no
 * workgroup memory is used. A side is read four numbers at a time along its rows in memory: along `k`
 * where these follow `k`, else along the block's own rows or columns. So the length of these rows must
 * be a multiple of four. Neighbouring invocations take neighbouring columns, four each.
 *
 * @module
 */

import { texel } from "./textures.ts";
import { epilogueKey, finished, gated } from "./epilogue.ts";
import {
  type BufferNames,
  type MatMulCode,
  type MatMulForm,
  type MatMulSizes,
  PARAMETERS,
  place,
  range,
} from "./mat_mul_form.ts";
import type { TextureTiles } from "./tiles.ts";

/** Whether the sides' rows in memory can be read as texels, and there is enough to compute. */
export function fitsTiles({ M, N, K }: MatMulSizes, form: MatMulForm): boolean {
  const { transposeA, transposeB, scalarA } = form;
  const lengths = [transposeA ? M : K, transposeB ? K : N];
  return !scalarA && lengths.every((length) => length % 4 === 0) && M >= 8 && N >= 32;
}

/** What a shader is written for. */
interface Variant extends MatMulForm {
  readonly lanes: number;
  /** Rows of each invocation, a multiple of 4. */
  readonly rows: number;
  /** Times four columns of each. */
  readonly quads: number;
  /** Steps of `k` per turn of the loop, 1 or 4. */
  readonly unroll: number;
}

/** Chooses blocks for a product that {@link fitsTiles}. */
export function texturedCode(
  { M, N, K }: MatMulSizes,
  form: MatMulForm,
  tiles: TextureTiles,
): MatMulCode {
  const { transposeA, transposeB, gate, placeA, placeB, epilogue } = form;
  const { lanes } = tiles;
  const rows = M >= tiles.rows ? tiles.rows : 8;
  const quads = N >= 8 * lanes ? 2 : 1;
  const unroll = K % 4 === 0 ? 4 : 1;
  const variant: Variant = { ...form, lanes, rows, quads, unroll };
  const shape = ["texture", lanes, rows, quads, unroll];
  return {
    key: [...shape, transposeA, transposeB, gate, placeA, placeB].join("_") +
      epilogueKey(epilogue),
    lanes,
    componentsA: 4,
    componentsB: 4,
    textures: true,
    blocks: Math.ceil(N / (4 * quads * lanes)) * Math.ceil(M / rows),
    hasBarrier: false,
    write: (name, result, rename = {}) => write(variant, name, result, rename),
  };
}

function write(v: Variant, name: string, result: string, rename: BufferNames): string {
  const I = range(v.rows);
  const C = range(4 * v.quads);
  const store = (i: number, c: number) =>
    `if (c${c} < N) { ${result}[out + ${i} * N + c${c}] = ` +
    `${finished(`s${i}_${c}`, `c${c}`, v.epilogue)}; }`;
  return `
  fn ${name}(${PARAMETERS}) {
    ${place(v, v.rows, 4 * v.quads * v.lanes)}
    let column = firstColumn + 4 * i32(localId.x);
    ${C.map((c) => `let c${c} = column + ${(c >> 2) * 4 * v.lanes + (c & 3)};`).join(" ")}
    ${starts(v).join("\n    ")}
    ${I.map((i) => C.map((c) => `var s${i}_${c} = 0.0;`).join(" ")).join("\n    ")}
    for (var k = start; k < end; k += ${v.unroll}) {
      ${turn(v, rename).join("\n      ")}
    }
    let out = (product * M + firstRow) * N;
    ${
    I.map((i) =>
      `if (firstRow + ${i} < M) {
      ${C.map((c) => store(i, c)).join("\n      ")}
    }`
    ).join("\n    ")
  }
  }`;
}

/** The texels where the loads of each row, column, or four of them, start. */
function starts(v: Variant): string[] {
  const clamped = (at: string, last: string) => `min(${at}, ${last})`;
  const ofA = v.transposeA
    ? range(v.rows / 4).map((q) => `let p${q} = ${clamped(`firstRow + ${4 * q}`, "M - 4")} >> 2u;`)
    : range(v.rows).map((i) =>
      `let p${i} = (baseA + ${clamped(`firstRow + ${i}`, "M - 1")} * K) >> 2u;`
    );
  const ofB = v.transposeB
    ? range(4 * v.quads).map((c) => `let q${c} = (baseB + ${clamped(`c${c}`, "N - 1")} * K) >> 2u;`)
    : range(v.quads).map((j) => `let q${j} = ${clamped(`c${4 * j}`, "N - 4")} >> 2u;`);
  return [...ofA, ...ofB];
}

/** One turn of the loop. */
function turn(v: Variant, rename: BufferNames): string[] {
  const I = range(v.rows);
  const C = range(4 * v.quads);
  const load = (side: "A" | "B", at: string) => {
    const { [side]: name = side, Y = "Y" } = rename;
    const value = texel(name, at);
    return v.gate === side ? gated(value, texel(Y, at), "vec4<f32>") : value;
  };
  const lines: string[] = [];
  if (!v.transposeA) I.forEach((i) => lines.push(`let a${i} = ${load("A", `p${i} + (k >> 2u)`)};`));
  if (v.transposeB) C.forEach((c) => lines.push(`let b${c} = ${load("B", `q${c} + (k >> 2u)`)};`));
  for (const u of range(v.unroll)) {
    if (v.transposeA) {
      lines.push(`let rowA${u} = (baseA + (k + ${u}) * M) >> 2u;`);
      range(v.rows / 4).forEach((q) =>
        lines.push(`let a${u}_${q} = ${load("A", `rowA${u} + p${q}`)};`)
      );
    }
    if (!v.transposeB) {
      lines.push(`let rowB${u} = (baseB + (k + ${u}) * N) >> 2u;`);
      range(v.quads).forEach((j) =>
        lines.push(`let b${u}_${j} = ${load("B", `rowB${u} + q${j}`)};`)
      );
    }
    const valueA = (i: number) => v.transposeA ? `a${u}_${i >> 2}[${i & 3}]` : `a${i}[${u}]`;
    const valueB = (c: number) => v.transposeB ? `b${c}[${u}]` : `b${u}_${c >> 2}[${c & 3}]`;
    for (const i of I) {
      lines.push(
        C.map((c) => `s${i}_${c} = fma(${valueA(i)}, ${valueB(c)}, s${i}_${c});`).join(" "),
      );
    }
  }
  return lines;
}
