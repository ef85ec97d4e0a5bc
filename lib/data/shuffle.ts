/** The order in which an epoch visits the images. @module */

import { Random } from "../random.ts";

/**
 * A permutation of `0..n-1` that depends on the seed and the epoch alone, so that a resumed run
 * visits the same images in the same order without replaying the epochs before.
 */
export function epochOrder(seed: number, epoch: number, n: number): Uint32Array {
  return new Random(seed, "shuffle", epoch).permutation(n);
}
