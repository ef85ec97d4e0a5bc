/**
 * Long sums with few results, cut into slices that are summed side by side.
 *
 * A product with few results gives few workgroups, each of which is busy for all of `K` while most of
 * the adapter waits. So the sums are cut into slices of `k`: their partial sums go to a buffer, and a
 * second dispatch adds them up, always in the same order and without atomics. Whether to cut and how
 * follows from the sizes and from the kind of the adapter alone, never from a measurement: the order
 * of additions is part of the bits that a run reproduces.
 *
 * @module
 */

import { type Epilogue, epilogueKey, finished, RECTIFY } from "./epilogue.ts";
import { lanes } from "./lanes.ts";
import type { MatMulSizes } from "./mat_mul_form.ts";
import { type Program, run } from "../program.ts";
import type { TensorInfo } from "../../tensor.ts";

/** Multiplications of a product below which a second dispatch costs more than it saves. */
const WORTHWHILE = 2 ** 20;

/** Results that a workgroup is taken to compute, whatever its tiles. */
const RESULTS_PER_GROUP = 1024;

/** Workgroups to aim at, the steps of `k` that are worth a slice, and those from which any is cut. */
interface Aim {
  readonly groups: number;
  readonly steps: number;
  readonly least: number;
}

/** A software adapter has a workgroup per core of the processor at work, a GPU hundreds. */
const SOFTWARE: Aim = { groups: 4, steps: 256, least: 1024 };
const GPU: Aim = { groups: 512, steps: 128, least: 512 };

/** How sums over `k` are cut. */
export interface Slices {
  /** How many; 1 where they are not cut. */
  readonly count: number;
  /** Steps of `k` in each but the last. A multiple of 4 if there are several. */
  readonly length: number;
}

/**
 * Decides how to cut products.
 *
 * @param sizes Sizes of a product.
 * @param batch How many products.
 */
export function slicesFor({ M, N, K }: MatMulSizes, batch: number): Slices {
  const aim = lanes() < 32 ? SOFTWARE : GPU;
  const groups = Math.ceil(batch * M * N / RESULTS_PER_GROUP);
  const wanted = Math.min(Math.floor(aim.groups / groups), Math.floor(K / aim.steps));
  if (wanted < 2 || K < aim.least || batch * M * N * K < WORTHWHILE) return { count: 1, length: K };
  const length = 4 * Math.ceil(K / wanted / 4);
  return { count: Math.ceil(K / length), length };
}

/** Adds up the partial sums `(slices, …shape)`, in order, and finishes them. */
export function sumSlices(
  partial: TensorInfo,
  slices: number,
  epilogue: Epilogue,
  shape: readonly number[],
): TensorInfo {
  const { bias } = epilogue;
  const program: Program = {
    key: `inkling_mat_mul_sum_${epilogueKey(epilogue)}`,
    outputShape: shape,
    inputs: ["partial", ...(bias ? ["bias"] : [])],
    uniforms: "slices : i32, columns : i32,",
    code: `
    ${RECTIFY}
    fn main(index : i32) {
      if (index >= uniforms.size) { return; }
      var sum = partial[index];
      for (var slice = 1; slice < uniforms.slices; slice++) {
        sum += partial[slice * uniforms.size + index];
      }
      let column = index % uniforms.columns;
      result[index] = ${finished("sum", "column", epilogue)};
    }`,
  };
  const uniforms = [slices, shape.at(-1)!].map((n) => ({ type: "int32" as const, data: [n] }));
  return run(program, [partial, ...(bias ? [bias] : [])], uniforms);
}
