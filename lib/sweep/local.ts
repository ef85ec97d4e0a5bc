/**
 * Attempts as processes of this machine, some at a time. A sweep that is killed outright, by
 * `kill -9`, leaves its processes to end by themselves.
 *
 * @module
 */

import type { Attempt, Execute } from "./attempt.ts";

/** Makes attempts here, `jobs` at a time. Stopped, it asks their processes to end and waits for them. */
export function locally(jobs: number): Execute {
  return async (attempts, watch, signal) => {
    const queue = [...attempts];
    const work = async () => {
      while (!signal.aborted) {
        const attempt = queue.shift();
        if (attempt === undefined) return;
        await watch.begun([attempt]);
        await watch.ended(attempt, await exitOf(attempt, signal));
      }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, attempts.length) }, work));
    signal.throwIfAborted();
  };
}

async function exitOf({ folder, log, command }: Attempt, signal: AbortSignal): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  using file = await Deno.open(log, { append: true, create: true });
  const [program, ...args] = command;
  const child = new Deno.Command(program!, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stop = () => end(child);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    await Promise.all([copy(child.stdout, file), copy(child.stderr, file)]);
    return (await child.status).code;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function copy(from: ReadableStream<Uint8Array>, to: Deno.FsFile): Promise<void> {
  // A file that appends takes a chunk whole, so that lines of the two streams are not mixed up.
  for await (const chunk of from) to.writeSync(chunk);
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch (error) {
    // It ended just before.
    if (!(error instanceof TypeError)) throw error;
  }
}
