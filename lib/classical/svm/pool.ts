/** The jobs of a support vector machine, over workers. @module */

import { type Spread, spread } from "../spread.ts";
import { begin, type Job, type ResultOf } from "./job.ts";

/** Does all parts of a job; see {@link spread}. */
export function spreadJob<J extends Job>(
  job: J,
  parts: number,
  how: Spread,
): Promise<ResultOf<J>[]> {
  const worker = new URL("./svm_worker.ts", import.meta.url);
  return spread<J, ResultOf<J>>({ worker, job, begin, parts }, how);
}
