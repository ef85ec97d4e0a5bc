/** A worker that does parts of the jobs of a support vector machine. @module */

import { serve } from "../spread.ts";
import { begin, type Job } from "./job.ts";

serve((job: Job) => begin(job));
