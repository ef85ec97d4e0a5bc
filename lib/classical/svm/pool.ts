/**
 * Spreads the parts of a job over workers. A part gives the same bits wherever it is done, so the
 * number of workers changes the time alone.
 *
 * @module
 */

import { begin, type Job, type ResultOf } from "./job.ts";

/** How a job is to be done. */
export interface Spread {
  /** How many workers, at most; with 1 there is none, and this thread does the work. */
  readonly jobs: number;
  /** Called when a part is done, with how many are, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Does all parts of a job.
 *
 * Where workers cannot be started (no permission to read this folder, or a bundle that left
 * `worker.ts` behind) this thread does the work.
 *
 * @returns What each part comes to, by its number.
 * @throws {Error} When a part fails.
 */
export async function spread<J extends Job>(
  job: J,
  parts: number,
  { jobs, onProgress }: Spread,
): Promise<ResultOf<J>[]> {
  const results = new Array<ResultOf<J>>(parts);
  let next = 0;
  let done = 0;
  const keep = (part: number, result: ResultOf<J>) => {
    results[part] = result;
    onProgress?.(++done, parts);
  };

  const url = new URL("./worker.ts", import.meta.url);
  const count = Math.min(jobs, parts);
  if (count > 1 && await isReadable(url)) {
    const workers = Array.from({ length: count }, () => new Worker(url, { type: "module" }));
    try {
      await Promise.all(workers.map(async (worker) => {
        if (!await starts(worker)) return;
        worker.postMessage(job);
        while (next < parts) {
          const part = next++;
          keep(part, await ask(worker, part));
        }
      }));
    } finally {
      for (const worker of workers) worker.terminate();
    }
  }
  if (next < parts) {
    const perform = begin(job);
    for (; next < parts; next++) keep(next, perform(next));
  }
  return results;
}

/** Whether a worker's file is there: Deno prints an error of its own for one that it cannot load. */
async function isReadable(url: URL): Promise<boolean> {
  if (url.protocol !== "file:") return true;
  return await Deno.stat(url).then(({ isFile }) => isFile, () => false);
}

function starts(worker: Worker): Promise<boolean> {
  return new Promise((resolve) => {
    worker.onmessage = () => resolve(true);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve(false);
    };
  });
}

function ask<R>(worker: Worker, part: number): Promise<R> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot do part ${part} of a job in a worker: ${event.message}`));
    };
    worker.postMessage(part);
  });
}
