/**
 * The gradient of a GRU's recurrence, from the last step to the first, in one dispatch.
 *
 * With `h' = (1 − z) n + z h`, `n = tanh(aₙ + r q)` and `dh'` the gradient of the state after a step:
 * `dz = dh' (h − n) · z (1 − z)`, `dn = dh' (1 − z) (1 − n²)`, `dq = dn r`, `dr = dn q · r (1 − r)`,
 * and `dh = dh' z + (dr, dz, dq) Wᵀ`. Here r, z and n stand for what goes into their functions: it is
 * the sum of a part from the input and a part from the state, which have these gradients both, except
 * that the state's part of n is `q`.
 *
 * @module
 */

import type { TensorInfo } from "../../tensor.ts";
import { exchangeFor, gruStep, gruTile } from "./gru_code.ts";
import { runInto } from "./several.ts";

/** What the gradient is computed from. */
export interface GruGradientInputs {
  /** Gradient of the states after each step, `(N, T, H)`, or of the last one, `(N, H)`. */
  readonly dy: TensorInfo;
  /** As {@link gruForward} left them, `(N, T, H)`. */
  readonly previous: TensorInfo;
  /** As {@link gruForward} left them, `(N, T, 4H)`. */
  readonly gates: TensorInfo;
  /** `(H, 3H)`. */
  readonly weight: TensorInfo;
}

/** Where gradients go. */
export interface GruGradients {
  /** Of what the input adds to r, z and n, `(N, T, 3H)`. */
  readonly projected: TensorInfo;
  /** Of what the state adds to them: dr, dz, dq, `(N, T, 3H)`. */
  readonly recurrent: TensorInfo;
  /** Of the state before the first step, `(N, H)`. In between, `dh' z` of the step before. */
  readonly initial: TensorInfo;
}

/**
 * Computes the gradients. No size is 0.
 *
 * @param inputs What from.
 * @param gradients Where to.
 * @param toInitial Whether `initial` is wanted in the end.
 */
export function gruBackward(
  inputs: GruGradientInputs,
  gradients: GruGradients,
  toInitial: boolean,
): void {
  const { dy, previous, gates, weight } = inputs;
  const { projected, recurrent, initial } = gradients;
  const [count, steps, H] = previous.shape as [number, number, number];
  const tile = gruTile(count, H, 1);
  const exchange = exchangeFor(tile, 3);
  const last = dy.shape.length === 2;
  const step = gruStep(
    tile,
    {
      start: () => "0.0",
      // Nothing comes from behind the last step.
      length: `select(${3 * H}, 0, t + 1 == steps)`,
      value: (row) =>
        exchange.value(row, "t + 1", `recurrent[(${row} * steps + t + 1) * ${3 * H} + k]`),
      weight: () => `weight[j * ${3 * H} + k]`,
    },
    ([sum]) => `
                let s = row * ${H} + j;
                var dh = ${sum};
                if (t + 1 < steps) { dh += initial[s]; }
                if (t < 0) {
                  initial[s] = dh;
                } else {
                  let p = row * steps + t;
                  ${last ? "if (t + 1 == steps) { dh += dy[s]; }" : `dh += dy[p * ${H} + j];`}
                  let g = p * ${4 * H} + j;
                  let r = gates[g];
                  let z = gates[g + ${H}];
                  let n = gates[g + ${2 * H}];
                  let q = gates[g + ${3 * H}];
                  let dn = dh * (1.0 - z) * (1.0 - n * n);
                  let dz = dh * (previous[p * ${H} + j] - n) * z * (1.0 - z);
                  let dr = dn * q * r * (1.0 - r);
                  let a = p * ${3 * H} + j;
                  projected[a] = dr;
                  projected[a + ${H}] = dz;
                  projected[a + ${2 * H}] = dn;
                  recurrent[a] = dr;
                  recurrent[a + ${H}] = dz;
                  recurrent[a + ${2 * H}] = dn * r;
                  ${exchange.tell("row", "t", ["dr", "dz", "dn * r"])}
                  initial[s] = dh * z;
                }`,
  );
  runInto(
    {
      key: `gru_grad_${tile.key}_${last}${exchange.key}`,
      inputs: { dy: "f32", previous: "f32", gates: "f32", weight: "f32" },
      outputs: { projected: "f32", recurrent: "f32", initial: "f32" },
      uniforms: ["rows", "steps", "end"],
      code: `
    ${exchange.declared}
    fn main(block : i32) {
      let lane = i32(localId.x);
      let first = block * ${tile.rows};
      let steps = uniforms.steps;
      for (var t = steps - 1; t >= uniforms.end; t--) {
        ${step}
        ${exchange.barrier}
      }
    }`,
    },
    [dy, previous, gates, weight],
    [projected, recurrent, initial],
    [count, steps, toInitial ? -1 : 0],
    Math.ceil(count / tile.rows),
  );
}
