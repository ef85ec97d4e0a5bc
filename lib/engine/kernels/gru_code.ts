/**
 * What the shaders of a GRU's recurrence share, forward and backward.
 *
 * The rows of a batch do not depend on each other, the steps of a row do. So a workgroup takes a few
 * rows through all steps, and its invocations divide the hidden units among them. What one of them
 * computes in a step reaches the others through workgroup memory on a GPU. On a software adapter, and
 * where there are too many units, it does so through the storage buffer that keeps it for the gradient:
 * there a load costs the same from either, but Vulkan promises that others see what was stored only of
 * buffers that are declared coherent, which what compiles WGSL does not do.
 *
 * In a step each invocation multiplies values of the rows, the same for all invocations, by the
 * weights of its own units. The sums are named scalars, so that a value serves several units and a
 * weight several rows: loads are what costs. Arrays of an invocation's own are not used; WebGPU sets
 * them to zero, element by element, and a software adapter compiles that for seconds.
 *
 * @module
 */

import { backend } from "../backend.ts";
import { lanes } from "./lanes.ts";

/** Rows times invocations of a workgroup. */
const ROW_LANES = 128;
/** Sums of an invocation: with twice as many, compiling takes more than twice as long. */
const MAX_SUMS = 192;
/** Units that an invocation computes together at most: what follows their sums is written for each. */
const MAX_UNITS = 8;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** How the work is divided. */
export interface GruTile {
  /** Hidden units. */
  readonly hidden: number;
  /** Sums per row and unit. */
  readonly parts: number;
  /** Rows of a workgroup. */
  readonly rows: number;
  /** Units that an invocation computes together. */
  readonly units: number;
  /** How often it does so in each step. */
  readonly turns: number;
  /** All of this, for a shader's key. */
  readonly key: string;
}

/**
 * Divides the work.
 *
 * @param count Rows of the batch.
 * @param hidden Hidden units.
 * @param parts Sums per row and unit.
 */
export function gruTile(count: number, hidden: number, parts: number): GruTile {
  let rows = Math.max(1, ROW_LANES / lanes());
  while (rows >= 2 * count) rows /= 2;
  const perLane = Math.ceil(hidden / lanes());
  const units = Math.min(perLane, MAX_UNITS, Math.floor(MAX_SUMS / (rows * parts)));
  const turns = Math.ceil(perLane / units);
  return { hidden, parts, rows, units, turns, key: `${hidden}_${parts}_${rows}_${units}` };
}

/** How the invocations of a workgroup tell each other what they computed in a step. */
export interface Exchange {
  /** For a shader's key. */
  readonly key: string;
  /** Declarations. */
  readonly declared: string;
  /** Value `k` of `row`, of step `t`; `stored` is where the storage buffer has it. */
  readonly value: (row: string, t: string, stored: string) => string;
  /** A statement that tells `values` for the unit `j` of `row`, after step `t`. */
  readonly tell: (row: string, t: string, values: readonly string[]) => string;
  /** The barrier between two steps. */
  readonly barrier: string;
}

/**
 * The exchange that suits the adapter. Values of two steps are kept, so that one barrier is enough.
 *
 * @param tile How the work is divided.
 * @param parts Values of each unit.
 */
export function exchangeFor({ hidden, rows }: GruTile, parts: number): Exchange {
  const size = rows * parts * hidden;
  const { maxComputeWorkgroupStorageSize } = backend().device.limits;
  if (lanes() < 32 || 2 * size * 4 > maxComputeWorkgroupStorageSize) {
    const value = (_row: string, _t: string, stored: string) => stored;
    return { key: "", declared: "", value, tell: () => "", barrier: "storageBarrier();" };
  }
  const place = (row: string, t: string) =>
    `((${t}) & 1) * ${size} + (${row} - first) * ${parts * hidden}`;
  return {
    key: "_told",
    declared: `var<workgroup> told : array<f32, ${2 * size}>;`,
    value: (row, t) => `told[${place(row, t)} + k]`,
    tell: (row, t, values) =>
      values.map((value, part) => `told[${place(row, t)} + ${part * hidden} + j] = ${value};`)
        .join(" "),
    barrier: "workgroupBarrier();",
  };
}

/** Sums of products of a row's values with a unit's weights, in WGSL. */
interface Sums {
  /** What a sum starts from; may name the unit `j`. */
  readonly start: (part: number) => string;
  /** How many products are in a sum. */
  readonly length: string;
  /** Value `k` of the row whose number in the batch is `row`. */
  readonly value: (row: string) => string;
  /** Weight `k` of the unit `j`. */
  readonly weight: (part: number) => string;
}

/**
 * WGSL that computes all sums of a step and does `finish` with them. It needs `lane`, and `first`,
 * the first row of the workgroup.
 *
 * @param tile How the work is divided.
 * @param sums What is summed.
 * @param finish Statements for one `row` and one unit `j`, from the names of its sums.
 */
export function gruStep(tile: GruTile, sums: Sums, finish: (sums: string[]) => string): string {
  const { hidden, parts, rows, units, turns } = tile;
  const [R, U, P] = [range(rows), range(units), range(parts)];
  const sum = (r: number, u: number, p: number) => `s${r}_${u}_${p}`;
  const unit = (u: number) => `(turn * ${units} + ${u}) * ${lanes()} + lane`;
  /** Statements for each sum of a row's unit, where `j` is a unit that exists. */
  const forUnits = (statement: (u: number, p: number) => string, indent: string) =>
    U.map((u) => P.map((p) => statement(u, p).replaceAll(/\bj\b/g, `j${u}`)).join(" "))
      .join(`\n${indent}`);
  const multiply = (u: number, p: number) =>
    `let w${u}_${p} = ${sums.weight(p)}; ` +
    R.map((r) => `${sum(r, u, p)} = fma(x${r}, w${u}_${p}, ${sum(r, u, p)});`).join(" ");
  // The sum of row `r`, which is counted in a loop: `finish` is long and written once per unit.
  const picked = (u: number, p: number) =>
    R.slice(1).reduce((rest, r) => `select(${rest}, ${sum(r, u, p)}, r == ${r})`, sum(0, u, p));
  return `
        for (var turn = 0; turn < ${turns}; turn++) {
          ${U.map((u) => `let j${u} = min(${unit(u)}, ${hidden - 1});`).join(" ")}
          ${R.map((r) => `let n${r} = min(first + ${r}, uniforms.rows - 1);`).join(" ")}
          ${forUnits((u, p) => `let b${u}_${p} = ${sums.start(p)};`, " ".repeat(10))}
          ${
    forUnits((u, p) => R.map((r) => `var ${sum(r, u, p)} = b${u}_${p};`).join(" "), " ".repeat(10))
  }
          let length = ${sums.length};
          for (var k = 0; k < length; k++) {
            ${R.map((r) => `let x${r} = ${sums.value(`n${r}`)};`).join("\n            ")}
            ${forUnits(multiply, " ".repeat(12))}
          }
          for (var r = 0; r < ${rows}; r++) {
            let row = first + r;
            if (row >= uniforms.rows) { break; }
            ${forUnits((u, p) => `let v${u}_${p} = ${picked(u, p)};`, " ".repeat(12))}
            ${
    U.map((u) =>
      `{
              let j = ${unit(u)};
              if (j < ${hidden}) {${finish(P.map((p) => `v${u}_${p}`))}
              }
            }`
    ).join("\n            ")
  }
          }
        }`;
}

/**
 * The functions `sigmoid` and `tangent`, the hyperbolic one, in WGSL. The exponential's argument
 * stays where nothing overflows, since drivers differ in what they make of infinity; a NaN is passed
 * on by hand, since `clamp` and `min` may drop it.
 */
export const ACTIVATIONS = `
    fn keepNaN(x : f32, y : f32) -> f32 {
      return select(y, x, (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u);
    }
    fn sigmoid(x : f32) -> f32 {
      return keepNaN(x, 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0))));
    }
    fn tangent(x : f32) -> f32 {
      let e = exp(-2.0 * min(abs(x), 40.0));
      return keepNaN(x, sign(x) * (1.0 - e) / (1.0 + e));
    }`;
