/** A GRU's recurrence through all steps, in one dispatch. @module */

import type { TensorInfo } from "../../tensor.ts";
import { ACTIVATIONS, exchangeFor, gruStep, gruTile } from "./gru_code.ts";
import { lanes } from "./lanes.ts";
import { runInto } from "./several.ts";

/** What the recurrence works on: `N` rows, `T` steps, `H` units. */
export interface GruInputs {
  /** What the input adds to r, z and n, `(N, T, 3H)`. */
  readonly projected: TensorInfo;
  /** `(H, 3H)`. */
  readonly weight: TensorInfo;
  /** `(3H)`. */
  readonly bias: TensorInfo;
  /** The state before the first step, `(N, H)`. @default zeros */
  readonly initial?: TensorInfo | undefined;
}

/** What it writes. */
export interface GruResults {
  /** The states after each step, `(N, T, H)`, or after the last one, `(N, H)`. */
  readonly output: TensorInfo;
  /** The states before each step, `(N, T, H)`. */
  readonly previous: TensorInfo;
  /** r, z, n, and q, which is what r multiplies, `(N, T, 4H)`. */
  readonly gates: TensorInfo;
}

/** Computes all steps. No size is 0. */
export function gruForward(inputs: GruInputs, results: GruResults): void {
  const { projected, weight, bias, initial } = inputs;
  const { output, previous, gates } = results;
  const [count, steps, H] = previous.shape as [number, number, number];
  const tile = gruTile(count, H, 3);
  const exchange = exchangeFor(tile, 1);
  const last = output.shape.length === 2;
  const step = gruStep(
    tile,
    {
      start: (part) => `bias[${part * H} + j]`,
      length: `${H}`,
      value: (row) => exchange.value(row, "t", `previous[(${row} * steps + t) * ${H} + k]`),
      weight: (part) => `weight[k * ${3 * H} + ${part * H} + j]`,
    },
    ([sumR, sumZ, q]) => `
                let p = row * steps + t;
                let a = p * ${3 * H} + j;
                let r = sigmoid(projected[a] + ${sumR});
                let z = sigmoid(projected[a + ${H}] + ${sumZ});
                let n = tangent(projected[a + ${2 * H}] + r * ${q});
                let h = (1.0 - z) * n + z * previous[p * ${H} + j];
                let g = p * ${4 * H} + j;
                gates[g] = r;
                gates[g + ${H}] = z;
                gates[g + ${2 * H}] = n;
                gates[g + ${3 * H}] = ${q};
                if (t + 1 < steps) { previous[(p + 1) * ${H} + j] = h; }
                ${exchange.tell("row", "t + 1", ["h"])}
                ${
      last ? `if (t + 1 == steps) { result[row * ${H} + j] = h; }` : `result[p * ${H} + j] = h;`
    }`,
  );
  const code = `
    ${exchange.declared}
    ${ACTIVATIONS}
    fn main(block : i32) {
      let lane = i32(localId.x);
      let first = block * ${tile.rows};
      let steps = uniforms.steps;
      for (var row = first; row < min(first + ${tile.rows}, uniforms.rows); row++) {
        for (var j = lane; j < ${H}; j += ${lanes()}) {
          let h = ${initial ? `initial[row * ${H} + j]` : "0.0"};
          previous[row * steps * ${H} + j] = h;
          ${exchange.tell("row", "0", ["h"])}
        }
      }
      for (var t = 0; t < steps; t++) {
        ${exchange.barrier}
        ${step}
      }
    }`;
  runInto(
    {
      key: `gru_${tile.key}_${last}_${initial !== undefined}${exchange.key}`,
      inputs: {
        projected: "f32",
        weight: "f32",
        bias: "f32",
        ...(initial && { initial: "f32" }),
      },
      outputs: { result: "f32", previous: "f32", gates: "f32" },
      uniforms: ["rows", "steps"],
      code,
    },
    [projected, weight, bias, ...(initial ? [initial] : [])],
    [output, previous, gates],
    [count, steps],
    Math.ceil(count / tile.rows),
  );
}
