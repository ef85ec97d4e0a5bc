/**
 * What a worker of {@link spread} runs: it says that it is there, then takes a job, then the numbers
 * of parts, and answers each of these with what the part comes to.
 *
 * @module
 */

import { begin, type Job } from "./job.ts";

/** The part of a worker's global scope that is used; the compiler knows only the window's. */
interface Scope {
  onmessage: (event: MessageEvent<Job | number>) => void;
  postMessage(message: unknown): void;
}

const scope = globalThis as unknown as Scope;
let perform: (part: number) => unknown;
scope.onmessage = ({ data }) => {
  if (typeof data === "number") scope.postMessage(perform(data));
  else perform = begin(data);
};
scope.postMessage("ready");
