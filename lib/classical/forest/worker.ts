/**
 * What a worker of {@link growTrees} runs: it says that it is there, then takes the job, then
 * numbers of trees, and answers each of these with the tree.
 *
 * @module
 */

import { type ForestJob, growNumbered } from "./job.ts";

/** The part of a worker's global scope that is used; the compiler knows only the window's. */
interface Scope {
  onmessage: (event: MessageEvent<ForestJob | number>) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as Scope;
let job: ForestJob;
scope.onmessage = ({ data }) => {
  if (typeof data !== "number") {
    job = data;
    return;
  }
  const tree = growNumbered(job, data);
  scope.postMessage(tree, [tree.nodes.buffer, tree.leaves.buffer, tree.importances.buffer]);
};
scope.postMessage("ready", []);
