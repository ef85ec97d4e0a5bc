/**
 * Mean cross-entropy of a softmax against class numbers, in one dispatch, and its gradient in one.
 *
 * `L = (1/N) Σᵢ (log Σⱼ exp(xᵢⱼ) − Σⱼ tᵢⱼ xᵢⱼ)`, `dL/dxᵢⱼ = (softmax(xᵢ)ⱼ − tᵢⱼ) / N`, where `tᵢ` is
 * `1 − ε` at the label and `ε / C` everywhere more (Szegedy et al. 2016,
 * <https://arxiv.org/abs/1512.00567>). All is computed from `x − max x`, so that no exponential
 * overflows and large logits lose no digits.
 *
 * The rows are few and short (a batch by the classes): what costs is the number of dispatches. So
 * one workgroup does all of the sum, and the gradient computes the softmax again instead of keeping
 * it. Each invocation takes whole rows; every sum has one order, and the bits are reproducible.
 *
 * @module
 */

import { type Program, run, type Uniform } from "../program.ts";
import type { TensorInfo } from "../../tensor.ts";
import { lanes } from "./lanes.ts";

/** Invocations of the one workgroup that sums. */
const SUMMERS = 64;

const UNIFORMS = "rows : i32, labelWeight : f32, evenWeight : f32,";

function uniforms([rows, classes]: readonly number[], labelSmoothing: number): Uniform[] {
  return [
    { type: "int32", data: [rows!] },
    { type: "float32", data: [1 - labelSmoothing] },
    { type: "float32", data: [labelSmoothing / classes!] },
  ];
}

/**
 * The loss, a scalar. A label that is no class gives NaN, the one way for a GPU to say so.
 *
 * @param logits `(N, C)`.
 * @param labels Class numbers, `(N)`, int32.
 * @param labelSmoothing ε.
 */
export function softmaxCrossEntropy(
  logits: TensorInfo,
  labels: TensorInfo,
  labelSmoothing: number,
): TensorInfo {
  const classes = logits.shape[1]!;
  // Without smoothing the sum of all logits is no part of the loss: 0 · ∞ would be NaN.
  const smooth = labelSmoothing > 0;
  const program: Program = {
    key: `inkling_softmax_cross_entropy_${classes}_${smooth}`,
    outputShape: [],
    inputs: ["logits", "labels"],
    uniforms: UNIFORMS,
    workgroupSize: [SUMMERS, 1, 1],
    dispatch: [1, 1, 1],
    code: `
    var<workgroup> sums : array<f32, ${SUMMERS}>;

    fn rowLoss(row : i32) -> f32 {
      let first = row * ${classes};
      var largest = logits[first];
      for (var c = 1; c < ${classes}; c++) { largest = max(largest, logits[first + c]); }
      var exponentials = 0.0;
      ${smooth ? "var all = 0.0;" : ""}
      for (var c = 0; c < ${classes}; c++) {
        let x = logits[first + c] - largest;
        exponentials += exp(x);
        ${smooth ? "all += x;" : ""}
      }
      let label = labels[row];
      let isClass = label >= 0 && label < ${classes};
      let own = select(uniforms.NAN, logits[first + select(0, label, isClass)] - largest, isClass);
      return log(exponentials) - uniforms.labelWeight * own
        ${smooth ? "- uniforms.evenWeight * all" : ""};
    }

    fn main(index : i32) {
      let lane = i32(localId.x);
      var sum = 0.0;
      for (var row = lane; row < uniforms.rows; row += ${SUMMERS}) { sum += rowLoss(row); }
      sums[lane] = sum;
      workgroupBarrier();
      if (lane == 0) {
        var total = 0.0;
        for (var i = 0; i < ${SUMMERS}; i++) { total += sums[i]; }
        result[0] = total / f32(uniforms.rows);
      }
    }`,
  };
  return run(program, [logits, labels], uniforms(logits.shape, labelSmoothing));
}

/** Gradient of {@link softmaxCrossEntropy} with respect to the logits; `dy` is the loss's own. */
export function softmaxCrossEntropyGrad(
  dy: TensorInfo,
  logits: TensorInfo,
  labels: TensorInfo,
  labelSmoothing: number,
): TensorInfo {
  const [rows, classes] = logits.shape as [number, number];
  const program: Program = {
    key: `inkling_softmax_cross_entropy_grad_${classes}_${lanes()}`,
    outputShape: [rows, classes],
    inputs: ["logits", "labels", "dy"],
    uniforms: UNIFORMS,
    workgroupSize: [lanes(), 1, 1],
    dispatch: [Math.ceil(rows / lanes()), 1, 1],
    code: `
    fn main(row : i32) {
      if (row >= uniforms.rows) { return; }
      let first = row * ${classes};
      var largest = logits[first];
      for (var c = 1; c < ${classes}; c++) { largest = max(largest, logits[first + c]); }
      var exponentials = 0.0;
      for (var c = 0; c < ${classes}; c++) { exponentials += exp(logits[first + c] - largest); }
      let label = labels[row];
      let scale = dy[0] / f32(uniforms.rows);
      for (var c = 0; c < ${classes}; c++) {
        let wanted = uniforms.evenWeight + select(0.0, uniforms.labelWeight, c == label);
        let probability = exp(logits[first + c] - largest) / exponentials;
        result[first + c] = (probability - wanted) * scale;
      }
    }`,
  };
  return run(program, [logits, labels, dy], uniforms(logits.shape, labelSmoothing));
}
