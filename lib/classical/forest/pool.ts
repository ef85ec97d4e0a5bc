/**
 * Spreads the trees of a forest over workers. Their number changes the time, not the forest.
 *
 * @module
 */

import { type ForestJob, growNumbered } from "./job.ts";
import type { Tree } from "./tree.ts";

/** How the work is to be done. */
export interface Spread {
  /** How many workers, at most; with 1 there is none, and this thread does the work. */
  readonly jobs: number;
  /** Called when a tree is done, with how many are, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Grows all trees of a forest. Where workers cannot be started (no permission to read this library,
 * or a bundle that left `worker.ts` behind), and where all of them fail, this thread does the work.
 *
 * @param job Its samples must be in shared memory for more than one worker.
 * @returns The trees, by their number.
 */
export async function growTrees(
  job: ForestJob,
  count: number,
  { jobs, onProgress }: Spread,
): Promise<Tree[]> {
  const trees = new Array<Tree>(count);
  const waiting = trees.keys().toArray().reverse();
  let done = 0;
  const keep = (number: number, tree: Tree) => {
    trees[number] = tree;
    onProgress?.(++done, count);
  };

  const workers = Math.min(jobs, count);
  if (workers > 1 && await mayStartWorkers()) {
    await Promise.all(Array.from({ length: workers }, () => work(job, waiting, keep)));
  }
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    keep(number, growNumbered(job, number));
  }
  return trees;
}

/** A worker's life: it grows waiting trees until none is left or it fails, and puts that one back. */
async function work(
  job: ForestJob,
  waiting: number[],
  keep: (number: number, tree: Tree) => void,
): Promise<void> {
  const worker = new Worker(WORKER, { type: "module" });
  try {
    if (await ask(worker) === undefined) return;
    worker.postMessage(job);
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      const tree = await ask<Tree>(worker, number);
      if (tree === undefined) {
        waiting.push(number);
        return;
      }
      keep(number, tree);
    }
  } finally {
    worker.terminate();
  }
}

const WORKER = new URL("./worker.ts", import.meta.url);

/**
 * Whether a worker's modules can be read: Deno prints an error of its own for one that it cannot
 * load. To ask for the state does not prompt the user.
 */
async function mayStartWorkers(): Promise<boolean> {
  if (WORKER.protocol !== "file:") return true;
  const { state } = await Deno.permissions.query({
    name: "read",
    path: new URL("../../", WORKER),
  });
  if (state !== "granted") return false;
  return await Deno.stat(WORKER).then(({ isFile }) => isFile, () => false);
}

/**
 * The next thing that a worker says, or nothing when it fails.
 *
 * @param question What to send it first, if anything.
 */
function ask<T>(worker: Worker, question?: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onmessageerror = () => resolve(undefined);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve(undefined);
    };
    if (question !== undefined) worker.postMessage(question);
  });
}
