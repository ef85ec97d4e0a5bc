/**
 * The matrix product whose workgroups put what they load into workgroup memory first.
 *
 * On a GPU the memory of a workgroup is much nearer than the buffers. A workgroup computes a square of
 * results: it brings `depth` steps of `k` of the square's rows and columns at a time, and each of its
 * invocations multiplies a block of 4 × 4 or 8 × 8 out of them. So a value is loaded from a buffer
 * once for the whole side of a square, and from workgroup memory once for a block.
 *
 * - Both sides lie in workgroup memory by `k`, as vectors of four rows or columns, whatever their
 *   order in the buffers: an invocation brings 4 × 4 values, and turns them over on the way where
 *   the buffer has them by rows.
 * - There is room for two turns: the next one's values are on their way while this one's are
 *   multiplied, and one barrier a turn is enough.
 * - Eight neighbours read or write eight vectors side by side, so that no two want one bank of the
 *   memory. A block of 8 × 8 is made of four, half a square apart, for the same reason.
 * - The steps of a turn are written out: places in workgroup memory then differ by constants, and
 *   the checks of bounds that WebGPU puts around an index are done once, before the loop.
 *
 * The sums run over `k` in order, one `fma` each, as in the other shape: the bits are the same. The
 * layout follows the known practice for this product on GPUs (S. Boehm, "How to Optimize a CUDA
 * Matmul Kernel for cuBLAS-like Performance", <https://siboehm.com/articles/22/CUDA-MMM>).
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
import { stagedShape, type StagedTiles } from "./tiles.ts";

/** What a shader is written for. */
interface Variant extends MatMulForm {
  /** Rows and columns of a workgroup's square. */
  readonly side: number;
  /** Rows and columns of an invocation's block. */
  readonly edge: number;
  /** Steps of `k` per turn. */
  readonly depth: number;
  /** Invocations. */
  readonly lanes: number;
  /** Whether `A` is read as `vec4`. */
  readonly vectorA: boolean;
  /** Whether `B` is read as `vec4`. */
  readonly vectorB: boolean;
}

/** Chooses loads for a product. */
export function stagedCode(
  { M, N, K }: MatMulSizes,
  form: MatMulForm,
  tiles: StagedTiles,
): MatMulCode {
  const { transposeA, transposeB, gate, placeA, placeB, scalarA = false, epilogue } = form;
  const vectorA = (transposeA ? M : K) % 4 === 0 && !scalarA;
  const vectorB = (transposeB ? K : N) % 4 === 0;
  const { side } = tiles;
  const variant: Variant = { ...form, ...stagedShape(tiles), side, vectorA, vectorB };
  return {
    key:
      ["staged", side, vectorA, vectorB, transposeA, transposeB, gate, placeA, placeB].join("_") +
      epilogueKey(epilogue),
    lanes: variant.lanes,
    componentsA: vectorA ? 4 : 1,
    componentsB: vectorB ? 4 : 1,
    blocks: Math.ceil(M / side) * Math.ceil(N / side),
    hasBarrier: true,
    write: (name, result, rename = {}) => write(variant, name, result, rename),
  };
}

function write(v: Variant, name: string, result: string, rename: BufferNames): string {
  const { side, edge, depth, lanes } = v;
  // Invocations along an edge of the square, and blocks of four rows that each has.
  const along = side / edge;
  const quads = range(edge / 4);
  const half = lanes / 2;

  const step = (k: string) => `
      {
        ${
    quads.map((q) => `let a${q} = ${name}_staged[buffer][${k}][down4 + ${q * along}];`).join(" ")
  }
        ${
    quads.map((q) => `let b${q} = ${name}_staged[buffer][${k}][across4 + ${q * along}];`).join(" ")
  }
        ${
    range(edge).map((i) =>
      quads.map((q) => `s${i}_${q} = fma(vec4<f32>(a${i >> 2}[${i & 3}]), b${q}, s${i}_${q});`)
        .join(" ")
    ).join("\n        ")
  }
      }`;

  const store = (i: number) => {
    const row = `row + ${(i >> 2) * 4 * along + (i & 3)}`;
    const columns = quads.flatMap((q) =>
      range(4).map((u) => ({ column: `column + ${q * 4 * along + u}`, value: `s${i}_${q}[${u}]` }))
    );
    return `if (${row} < M) {
      ${
      columns.map(({ column, value }) =>
        `if (${column} < N) { ${result}[(product * M + ${row}) * N + ${column}] = ` +
        `${finished(value, column, v.epilogue)}; }`
      ).join("\n      ")
    }
    }`;
  };

  return `
  // By turn, by step of k, and in it the vectors of A before those of B.
  var<workgroup> ${name}_staged : array<array<array<vec4<f32>, ${side / 2}>, ${depth}>, 2>;
  ${writeBring(v, name, rename)}
  fn ${name}_stage(buffer : i32, step : i32, quad : i32, brought : mat4x4<f32>, isA : bool) {
    ${writeTurnOver(v)}
    ${range(4).map((j) => `${name}_staged[buffer][step + ${j}][quad] = lines[${j}];`).join(" ")}
  }
  fn ${name}(${PARAMETERS}) {
    ${place(v, side, side)}
    let lane = i32(localId.x);
    // The first half of the invocations brings A. Eight neighbours bring what lies side by side in
    // workgroup memory, the next ones what follows it along k in the buffer.
    let isA = lane < ${half};
    let bringer = lane % ${half};
    let quad = bringer % 8 + bringer / ${2 * depth} * 8;
    let step = bringer / 8 % ${depth / 4} * 4;
    let line = select(firstColumn, firstRow, isA) + 4 * quad;
    let base = select(baseB, baseA, isA);
    let vector = select(quad + ${side / 4}, quad, isA);
    // 8 × 4 neighbours share the fewest vectors.
    let x = lane % 8 + lane / 32 % ${along / 8} * 8;
    let y = lane / 8 % 4 + lane / ${4 * along} * 4;
    let down4 = y;
    let across4 = x + ${side / 4};
    ${
    range(edge).map((i) => quads.map((q) => `var s${i}_${q} = vec4<f32>(0.0);`).join(" ")).join(
      "\n    ",
    )
  }

    var buffer = 0;
    var brought = ${name}_bring(isA, base, line, start + step, M, N, K);
    ${name}_stage(0, step, vector, brought, isA);
    workgroupBarrier();
    // Barriers want a loop that is the same for all: a last slice that is shorter takes its turns
    // with nothing in them.
    for (var turn = 0; turn < perSlice; turn += ${depth}) {
      let first = start + turn;
      let next = first + ${depth};
      if (next < end) { brought = ${name}_bring(isA, base, line, next + step, M, N, K); }
      if (next <= end) {${range(depth).map((k) => step(String(k))).join("")}
      } else {
        for (var k = 0; k < end - first; k++) {${step("k")}
        }
      }
      if (next < end) { ${name}_stage(1 - buffer, step, vector, brought, isA); }
      workgroupBarrier();
      buffer = 1 - buffer;
    }
    let row = firstRow + 4 * y;
    let column = firstColumn + 4 * x;
    ${range(edge).map(store).join("\n    ")}
  }`;
}

/**
 * The function that loads 4 × 4 values, as four vectors that follow the buffer's order. What lies
 * past an end is never used, and something that exists is loaded in its stead.
 */
function writeBring(v: Variant, name: string, rename: BufferNames): string {
  const lines = (side: "A" | "B") => {
    const isVector = side === "A" ? v.vectorA : v.vectorB;
    const load = loader(side, v, rename, isVector);
    // Whether neighbours in the buffer are neighbours along k.
    const byRows = side === "A" ? !v.transposeA : v.transposeB;
    const length = side === "A" ? "M" : "N";
    const at = byRows
      ? (j: number, u: string) => `base + min(line + ${j}, ${length} - 1) * K + ${u}`
      : (j: number, u: string) => `base + min(k + ${j}, K - 1) * ${length} + ${u}`;
    const [start, end] = byRows ? ["k", "K"] : ["line", length];
    const four = (j: number) =>
      isVector
        ? load(at(j, `min(${start}, ${end} - 4)`))
        : `vec4<f32>(${
          range(4).map((u) => load(at(j, `min(${start} + ${u}, ${end} - 1)`))).join(", ")
        })`;
    return `mat4x4<f32>(
        ${range(4).map(four).join(",\n        ")})`;
  };
  return `
  fn ${name}_bring(
    isA : bool, base : i32, line : i32, k : i32, M : i32, N : i32, K : i32,
  ) -> mat4x4<f32> {
    if (isA) {
      return ${lines("A")};
    }
    return ${lines("B")};
  }`;
}

/** Makes `lines`, vectors by `k`, of `brought`. */
function writeTurnOver({ transposeA, transposeB }: Variant): string {
  const [turnsA, turnsB] = [!transposeA, transposeB];
  if (!turnsA && !turnsB) return "let lines = brought;";
  if (turnsA && turnsB) return "let lines = transpose(brought);";
  return `var lines = brought;
    if (${turnsA ? "isA" : "!isA"}) { lines = transpose(brought); }`;
}
