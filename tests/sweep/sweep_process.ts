/** A sweep of the fake task as a process, for a test that kills it. @module */

import { runSweep } from "../../lib/sweep/run_sweep.ts";
import { fakeSweep } from "./fake.ts";

const [folder, entry] = Deno.args;
await runSweep(fakeSweep(folder!, [JSON.parse(entry!)]), new AbortController().signal);
