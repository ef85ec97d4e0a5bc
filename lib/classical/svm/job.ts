/** The two kinds of work that are done in parts, in workers or in this thread. @module */

import { DotProducts } from "./dots.ts";
import { type KernelParameters, makeKernel } from "./kernel.ts";
import { type PackedRows, rowBytes } from "./packed.ts";
import { classPairs } from "./pairs.ts";
import { KernelRows } from "./rows.ts";
import { type Solution, solve } from "./smo.ts";

/** Telling classes apart two by two; part `p` is pair `p` of {@link classPairs}. */
export interface TrainingJob {
  /** Which job this is. */
  readonly kind: "training";
  /** The rows of each class. */
  readonly classes: readonly PackedRows[];
  /** The kernel. */
  readonly parameters: KernelParameters;
  /** See {@link solve}. */
  readonly C: number;
  /** See {@link solve}. */
  readonly tolerance: number;
  /** How many bytes the kernel rows that are kept may take. */
  readonly cacheBytes: number;
}

/** Decisions on rows; part `p` is the rows from `p` times {@link DECISION_ROWS}. */
export interface DecisionJob {
  /** Which job this is. */
  readonly kind: "decision";
  /** The rows to decide on, bytes, shape `(any, features)`. */
  readonly rows: Uint8Array;
  /** The support vectors, class by class. */
  readonly support: PackedRows;
  /** How many support vectors each class has. */
  readonly nSupport: ArrayLike<number>;
  /** See {@link Model.dualCoef}. */
  readonly dualCoef: Float64Array;
  /** See {@link Model.intercept}. */
  readonly intercept: Float64Array;
  /** The kernel. */
  readonly parameters: KernelParameters;
}

/** A job of either kind. */
export type Job = TrainingJob | DecisionJob;

/** What a part of a job comes to: for decisions their values, shape `(rows, pairs)`. */
export type ResultOf<J extends Job> = J extends TrainingJob ? Solution : Float64Array;

/** How many rows a part of a {@link DecisionJob} has, but for the last. */
export const DECISION_ROWS = 250;

/** Prepares a job; the function that it returns does one part of it. */
export function begin<J extends Job>(job: J): (part: number) => ResultOf<J> {
  const perform = job.kind === "training" ? beginTraining(job) : beginDecisions(job);
  return perform as (part: number) => ResultOf<J>;
}

function beginTraining(job: TrainingJob): (part: number) => Solution {
  const { classes, C, tolerance, cacheBytes } = job;
  const kernel = makeKernel(job.parameters, classes[0]!.features);
  const dots = new DotProducts();
  const pairs = classPairs(classes.length);
  return (part) => {
    const [a, b] = pairs[part]!;
    const rows = new KernelRows(classes[a]!, classes[b]!, kernel, dots, cacheBytes);
    const problem = {
      count: rows.count,
      positives: classes[a]!.count,
      diagonal: rows.diagonal,
      row: (index: number) => rows.row(index),
    };
    return solve(problem, C, tolerance);
  };
}

function beginDecisions(job: DecisionJob): (part: number) => Float64Array {
  const { rows, support, nSupport, dualCoef, intercept } = job;
  const { count, features, norms } = support;
  const kernel = makeKernel(job.parameters, features);
  const dots = new DotProducts();
  const [products] = dots.load([support]) as [Int32Array];
  const pairs = classPairs(nSupport.length);
  const starts = [0];
  for (let k = 0; k < nSupport.length; k++) starts.push(starts[k]! + nSupport[k]!);

  const query = new Uint8Array(rowBytes(features));
  const values = new Float64Array(count);
  /** The part of class `own` in its decision against class `other`, in whose row its terms are. */
  const add = (sum: number, own: number, other: number) => {
    const line = (other > own ? other - 1 : other) * count;
    for (let t = starts[own]!; t < starts[own + 1]!; t++) sum += dualCoef[line + t]! * values[t]!;
    return sum;
  };
  return (part) => {
    const from = part * DECISION_ROWS;
    const to = Math.min(from + DECISION_ROWS, rows.length / features);
    const decisions = new Float64Array((to - from) * pairs.length);
    let at = 0;
    for (let row = from; row < to; row++) {
      query.set(rows.subarray(row * features, (row + 1) * features));
      let norm = 0;
      for (let j = 0; j < features; j++) norm += query[j]! * query[j]!;
      dots.multiply(query);
      kernel(products, norms, norm, values, 0);
      pairs.forEach(([a, b], pair) => {
        decisions[at++] = add(add(0, a, b), b, a) + intercept[pair]!;
      });
    }
    return decisions;
  };
}
