/** What a run does on Ctrl-C. @module */

import type { Progress } from "./progress.ts";

/** Signals within this time of the first, in ms, are that signal still. */
const SAME_SIGNAL = 1_000;

/** Exit status after Ctrl-C, as shells report it. */
export const INTERRUPTED = 130;

/**
 * Runs `fn`, which is to stop after the current step at the first signal; the second ends the process.
 *
 * @param hint How to go on, said when the run was stopped.
 * @returns Whether `fn` came to its end.
 * @throws What `fn` throws, other than the signal's reason.
 */
export async function untilStopped(
  progress: Progress,
  hint: string,
  fn: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const stop = new AbortController();
  const removeListeners = stopOnSignals(stop, progress);
  try {
    await fn(stop.signal);
    return true;
  } catch (error) {
    if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
    progress.warn(`stopped; ${hint}`);
    return false;
  } finally {
    removeListeners();
    progress.clear();
  }
}

function stopOnSignals(stop: AbortController, progress: Progress): () => void {
  let first = 0;
  const listener = () => {
    if (stop.signal.aborted) {
      // One kill of a whole process group can arrive several times.
      if (performance.now() - first > SAME_SIGNAL) Deno.exit(INTERRUPTED);
      return;
    }
    first = performance.now();
    progress.warn("stopping after this step (again to stop at once)");
    stop.abort(new Error("stopped by a signal"));
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return () => {
    for (const signal of signals) Deno.removeSignalListener(signal, listener);
  };
}
