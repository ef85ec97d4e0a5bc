/**
 * Mean binary cross-entropy of logits against one target for all, in one dispatch, and its gradient
 * in one.
 *
 * With `s = −1` for the target 1 and `s = 1` for the target 0: `L = (1/N) Σ log(1 + exp(s xᵢ))` and
 * `dL/dxᵢ = s σ(s xᵢ) / N`, both computed from `exp(−|xᵢ|)`, which does not overflow.
 *
 * A batch has a value per image: one workgroup does all of the sum, in one order.
 *
 * @module
 */

import { type Program, run, type Uniform } from "../program.ts";
import type { TensorInfo } from "../../tensor.ts";
import { lanes } from "./lanes.ts";

/** What every value should be: 1 for what is to be told as real, 0 for the rest. */
export type BinaryTarget = 0 | 1;

/** Invocations of the one workgroup that sums. */
const SUMMERS = 64;

const UNIFORMS = "count : i32, sign : f32,";

function uniforms(count: number, target: BinaryTarget): Uniform[] {
  return [{ type: "int32", data: [count] }, { type: "float32", data: [target === 1 ? -1 : 1] }];
}

const sizeOf = ({ shape }: TensorInfo) => shape.reduce((product, size) => product * size, 1);

/** 1 + s/3 + s²/5 + … as nested `fma`, to a relative 1e-8 for `s` up to 1/9. */
const LOG1P = [3, 5, 7, 9, 11, 13, 15].reduceRight(
  (rest, n) => `fma(s, ${rest}, ${1 / (n - 2)})`,
  `${1 / 15}`,
);

/**
 * The loss, a scalar.
 *
 * @param logits Any shape, one value or more.
 * @param target What all should be.
 */
export function bceWithLogitsLoss(logits: TensorInfo, target: BinaryTarget): TensorInfo {
  const program: Program = {
    key: "inkling_bce_with_logits",
    outputShape: [],
    inputs: ["logits"],
    uniforms: UNIFORMS,
    workgroupSize: [SUMMERS, 1, 1],
    dispatch: [1, 1, 1],
    code: `
    var<workgroup> sums : array<f32, ${SUMMERS}>;

    // log(1 + e) for 0 <= e <= 1, as 2 atanh(e / (2 + e)) by its series: to the last digits also where
    // e is small, and with nothing that a compiler might take for 0.
    fn log1p(e : f32) -> f32 {
      let t = e / (2.0 + e);
      let s = t * t;
      let series = ${LOG1P};
      return 2.0 * t * series;
    }

    fn main(index : i32) {
      let lane = i32(localId.x);
      var sum = 0.0;
      for (var i = lane; i < uniforms.count; i += ${SUMMERS}) {
        let x = uniforms.sign * logits[i];
        sum += select(0.0, x, x > 0.0) + log1p(exp(-abs(x)));
      }
      sums[lane] = sum;
      workgroupBarrier();
      if (lane == 0) {
        var total = 0.0;
        for (var i = 0; i < ${SUMMERS}; i++) { total += sums[i]; }
        result[0] = total / f32(uniforms.count);
      }
    }`,
  };
  return run(program, [logits], uniforms(sizeOf(logits), target));
}

/** Gradient of {@link bceWithLogitsLoss} with respect to the logits; `dy` is the loss's own. */
export function bceWithLogitsGrad(
  dy: TensorInfo,
  logits: TensorInfo,
  target: BinaryTarget,
): TensorInfo {
  const program: Program = {
    key: `inkling_bce_with_logits_grad_${lanes()}`,
    outputShape: [...logits.shape],
    inputs: ["logits", "dy"],
    uniforms: UNIFORMS,
    workgroupSize: [lanes(), 1, 1],
    code: `fn main(index : i32) {
      if (index >= uniforms.size) { return; }
      let x = uniforms.sign * logits[index];
      let e = exp(-abs(x));
      let sigmoid = select(e, 1.0, x >= 0.0) / (1.0 + e);
      result[index] = uniforms.sign * sigmoid * dy[0] / f32(uniforms.count);
    }`,
  };
  return run(program, [logits, dy], uniforms(sizeOf(logits), target));
}
