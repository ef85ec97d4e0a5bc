/**
 * What the code of a matrix product takes and gives, and what all of its shapes have in common.
 *
 * A shape is written for blocks of results; the sizes are parameters, so that many products share a
 * shader. A long sum can be cut into slices of `perSlice` steps of `k`, which then count as further
 * products of the batch.
 *
 * @module
 */

import { type Epilogue, gated } from "./epilogue.ts";

/** Sizes of a product: `(M, K)` times `(K, N)`. */
export interface MatMulSizes {
  /** Rows of the result. */
  readonly M: number;
  /** Columns of the result. */
  readonly N: number;
  /** Products in each sum. */
  readonly K: number;
}

/** What the code is to do. */
export interface MatMulForm {
  /** Whether `A` lies in memory as `(K, M)`. */
  readonly transposeA: boolean;
  /** Whether `B` lies in memory as `(N, K)`. */
  readonly transposeB: boolean;
  /** What is done with the sums. */
  readonly epilogue: Epilogue;
  /** The side whose values count only where `Y`, of the same shape, is not 0. @default neither */
  readonly gate?: "A" | "B";
  /** Whether `A` must be read as `f32`. @default false */
  readonly scalarA?: boolean;
  /** Which of the `A` belongs to product `batch` of the batch, in WGSL. @default "batch" */
  readonly placeA?: string;
  /** The same for `B`. @default "batch" */
  readonly placeB?: string;
}

/** Code for a form and for sizes; those that are not in it are its parameters. */
export interface MatMulCode {
  /** Everything that is written into the code. */
  readonly key: string;
  /** Invocations per workgroup. */
  readonly lanes: number;
  /** How many numbers an element of `A` holds, 1 or 4; also one of `Y` when it gates `A`. */
  readonly componentsA: 1 | 4;
  /** The same of `B`. */
  readonly componentsB: 1 | 4;
  /** Whether `A`, `B` and `Y` are textures (see `textures.ts`). @default false */
  readonly textures?: boolean;
  /** Workgroups for one slice of one product. */
  readonly blocks: number;
  /** Whether the function waits for all invocations: it must not be called in a branch. */
  readonly hasBarrier: boolean;
  /**
   * `fn NAME(block, batches, M, N, K, perSlice : i32)`, which reads `A`, `B`, and, if asked to,
   * `bias` and `Y`, and writes `(slices, batches, M, N)`.
   *
   * @param name The function's name.
   * @param result The buffer that it writes to.
   * @param rename Names in this shader of buffers that are called otherwise. @default none
   */
  readonly write: (name: string, result: string, rename?: BufferNames) => string;
}

/** Names of buffers. */
export type BufferNames = Partial<Record<"A" | "B" | "Y", string>>;

/** The numbers from 0 to `n − 1`. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The parameters of {@link MatMulCode.write}'s function. */
export const PARAMETERS = "block : i32, batches : i32, M : i32, N : i32, K : i32, perSlice : i32";

/**
 * Takes a block's number apart, in WGSL, for blocks of `rows` × `columns`: where it starts, which of
 * the products it is of, which steps of `k` its sums run over, and where `A` and `B` start.
 */
export function place(
  { placeA = "batch", placeB = "batch" }: MatMulForm,
  rows: number,
  columns: number,
): string {
  return `
    let across = (N + ${columns - 1}) / ${columns};
    let down = (M + ${rows - 1}) / ${rows};
    let product = block / (across * down);
    let batch = product % batches;
    let start = product / batches * perSlice;
    let end = min(start + perSlice, K);
    let baseA = (${placeA}) * (M * K);
    let baseB = (${placeB}) * (K * N);
    let firstRow = block / across % down * ${rows};
    let firstColumn = block % across * ${columns};`;
}

/** Writes the loads of a side, as it is gated, in WGSL. `at` counts numbers. */
export function loader(
  side: "A" | "B",
  form: MatMulForm,
  rename: BufferNames,
  isVector: boolean,
): (at: string) => string {
  const { [side]: name = side, Y = "Y" } = rename;
  return (at) => {
    const index = isVector ? `(${at}) >> 2u` : at;
    const value = `${name}[${index}]`;
    if (form.gate !== side) return value;
    return gated(value, `${Y}[${index}]`, isVector ? "vec4<f32>" : "f32");
  };
}
