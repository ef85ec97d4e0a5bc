/** What the tests of random numbers on the GPU share. @module */

import { philox4x32, Random } from "../../lib/random.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { compute } from "./poisoned.ts";

/** Reads the tensor that `draw` makes; its memory held NaN before. */
export async function read(draw: () => Tensor): Promise<Float32Array> {
  return (await compute(() => [draw()])).values[0]!;
}

/** The first `count` outputs of a stream at a step. */
export function outputs(
  count: number,
  seed: number,
  path: (string | number)[],
  step: number,
): number[] {
  const { key, stream } = new Random(seed, ...path);
  const blocks = Array.from(
    { length: Math.ceil(count / 4) },
    (_, block) => [...philox4x32([block, step, ...stream], key)],
  );
  return blocks.flat().slice(0, count);
}
