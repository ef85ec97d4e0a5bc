/** The trees of a forest, over workers. @module */

import { type Spread, spread } from "../spread.ts";
import { type ForestJob, growNumbered } from "./job.ts";
import type { Tree } from "./tree.ts";

/**
 * Grows all trees of a forest; see {@link spread}.
 *
 * @param job Its samples must be in shared memory for more than one worker.
 * @returns The trees, by their number.
 */
export function growTrees(job: ForestJob, count: number, how: Spread): Promise<Tree[]> {
  const worker = new URL("./forest_worker.ts", import.meta.url);
  const begin = (job: ForestJob) => (number: number) => growNumbered(job, number);
  return spread({ worker, job, begin, parts: count }, how);
}
