/** Matrix products. @module */

import { tf } from "../deps.ts";
import type { Contest } from "./contest.ts";
import { type Operation, operationContest } from "./operation.ts";

type Shape = readonly [rows: number, columns: number];

/** A product of matrices of these shapes. */
export function product(
  name: string,
  a: Shape,
  b: Shape,
  transposeA = false,
  transposeB = false,
): Operation {
  const [m, k] = transposeA ? [a[1], a[0]] : a;
  const n = transposeB ? b[0] : b[1];
  return {
    name,
    flops: 2 * m * n * k,
    shapes: [a, b],
    call: ([x, y]) => tf.matMul(x!, y!, transposeA, transposeB),
  };
}

/** A square product, and the three of the linear layer that has most of the CNN's weights. */
export const products: readonly Contest[] = [
  product("matmul 512x512x512", [512, 512], [512, 512]),
  product("matmul 64x3136x1000", [64, 3136], [3136, 1000]),
  product("matmul 64x3136x1000 input gradient", [64, 1000], [3136, 1000], false, true),
  product("matmul 64x3136x1000 weight gradient", [64, 3136], [64, 1000], true),
].map(operationContest);
