/**
 * Spreads the parts of a job over workers. A part gives the same bits wherever it is done, so the
 * number of workers changes the time alone.
 *
 * @module
 */

/**
 * The most workers that may be asked for. Each has a JavaScript engine of its own, of 10 MB and more:
 * ten thousand would take the memory of the machine.
 */
export const MAX_JOBS = 256;

/** A worker for each core, as far as {@link MAX_JOBS} allows. */
export function jobPerCore(): number {
  return Math.min(navigator.hardwareConcurrency, MAX_JOBS);
}

/** A job of many parts. */
export interface Spreadable<Job, Result> {
  /**
   * The module of the workers, which calls {@link serve}. Written as
   * `new URL("./NAME_worker.ts", import.meta.url)`, by which a bundle knows what to embed.
   */
  readonly worker: URL;
  /** What all parts need; what is large in it lies in shared memory. */
  readonly job: Job;
  /** Prepares the job, and gives what does a part of it. */
  readonly begin: (job: Job) => (part: number) => Result;
  /** How many parts there are. */
  readonly parts: number;
}

/** How a job is to be done. */
export interface Spread {
  /** How many workers, at most; with 1 there is none, and this thread does the work. */
  readonly jobs: number;
  /** Called when a part is done, with how many are, and of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Does all parts of a job. Where workers cannot be started (no permission to read this library, or to
 * import it by URL), and where all of them fail, this thread does the work.
 *
 * @returns What each part comes to, by its number.
 * @throws What a part throws in this thread.
 */
export async function spread<Job, Result>(
  { worker, job, begin, parts }: Spreadable<Job, Result>,
  { jobs, onProgress }: Spread,
): Promise<Result[]> {
  const results = new Array<Result>(parts);
  const waiting = results.keys().toArray().reverse();
  let done = 0;
  const keep = (part: number, result: Result) => {
    results[part] = result;
    onProgress?.(++done, parts);
  };

  const workers = Math.min(jobs, parts);
  if (workers > 1 && await mayStart(worker)) {
    const lives = Array.from({ length: workers }, () => live(worker, job, waiting, keep));
    await Promise.all(lives);
  }
  if (waiting.length > 0) {
    const perform = begin(job);
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      keep(part, perform(part));
    }
  }
  return results;
}

/** A worker's life: it does waiting parts until none is left or it fails, and puts that one back. */
async function live<Job, Result>(
  url: URL,
  job: Job,
  waiting: number[],
  keep: (part: number, result: Result) => void,
): Promise<void> {
  const worker = new Worker(url, { type: "module" });
  try {
    if (await ask(worker) === undefined) return;
    worker.postMessage(job);
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      const result = await ask<Result>(worker, part);
      if (result === undefined) {
        waiting.push(part);
        return;
      }
      keep(part, result);
    }
  } finally {
    worker.terminate();
  }
}

/**
 * Whether a worker's modules can be read: Deno prints an error of its own for one that it cannot
 * load. To ask for the state does not prompt the user.
 */
async function mayStart(worker: URL): Promise<boolean> {
  if (worker.protocol !== "file:") return true;
  const library = new URL("../../", worker);
  const { state } = await Deno.permissions.query({ name: "read", path: library });
  if (state !== "granted") return false;
  return await Deno.stat(worker).then(({ isFile }) => isFile, () => false);
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

/** The part of a worker's global scope that is used; the compiler knows only the window's. */
interface Scope {
  onmessage: (event: MessageEvent<unknown>) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/**
 * What a worker of {@link spread} runs: it says that it is there, then takes the job, then numbers
 * of parts, and answers each of these with what the part comes to.
 *
 * @param begin As in {@link Spreadable}.
 * @param buffersOf What of a result is handed over instead of copied. @default nothing
 */
export function serve<Job, Result>(
  begin: (job: Job) => (part: number) => Result,
  buffersOf: (result: Result) => Transferable[] = () => [],
): void {
  const scope = globalThis as unknown as Scope;
  let perform: (part: number) => Result;
  scope.onmessage = ({ data }) => {
    if (typeof data !== "number") {
      perform = begin(data as Job);
      return;
    }
    const result = perform(data);
    scope.postMessage(result, buffersOf(result));
  };
  scope.postMessage("ready", []);
}
