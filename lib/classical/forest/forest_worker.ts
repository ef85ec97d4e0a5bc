/** A worker that grows trees. @module */

import { serve } from "../spread.ts";
import { type ForestJob, growNumbered } from "./job.ts";
import type { Tree } from "./tree.ts";

serve(
  (job: ForestJob) => (number) => growNumbered(job, number),
  ({ nodes, leaves, importances }: Tree) => [nodes.buffer, leaves.buffer, importances.buffer],
);
