/**
 * `state.json`: how far a sweep is. It is written anew after each change, so that a sweep that was
 * stopped, or whose machine was, knows what is done.
 *
 * @module
 */

import { readJson } from "../compare/find_run.ts";
import { join } from "../deps.ts";
import { DataError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import type { PlannedRun } from "./grid.ts";

/** How a run stands: `stopped` is one that a signal ended, which can be taken up again. */
export type Standing = "waiting" | "running" | "stopped" | "failed" | "done";

/** Exit statuses above are those of processes that a signal ended. */
export const BY_SIGNAL = 128;

/** What is known of a run. */
export interface RunState {
  /** How it stands. */
  readonly standing: Standing;
  /** How often it was begun or taken up. */
  readonly attempts: number;
  /** The exit status of its last attempt; `null` when it has none, or none is known. */
  readonly exit: number | null;
  /** The job that it is part of, while it is with Slurm. */
  readonly job?: string;
}

/** A run as it stands in the file. */
interface SavedRun extends RunState {
  readonly id: string;
  readonly task: string;
  readonly options: PlannedRun["options"];
  readonly seed: number | null;
}

const FRESH: RunState = { standing: "waiting", attempts: 0, exit: null };

/** The runs of a sweep and how they stand, kept in its folder. */
export class SweepState {
  readonly #path: string;
  readonly #name: string;
  readonly #entries: Map<string, SavedRun>;
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, name: string, entries: Map<string, SavedRun>) {
    this.#path = path;
    this.#name = name;
    this.#entries = entries;
  }

  /**
   * Reads the state of the sweep `name` in its `folder`; nothing is known where there is none.
   *
   * @throws {DataError} When it is damaged.
   */
  static async open(folder: string, name: string): Promise<SweepState> {
    const path = join(folder, "state.json");
    const saved = await readJson(path) as { runs?: SavedRun[] } | undefined;
    if (saved === undefined) return new SweepState(path, name, new Map());
    if (!Array.isArray(saved?.runs)) {
      throw new DataError(
        `Cannot go on with the sweep: ${path} is not a sweep's state. Remove it; finished runs ` +
          "are found by their results",
      );
    }
    return new SweepState(path, name, new Map(saved.runs.map((run) => [run.id, run])));
  }

  /** How a run stands. */
  of(run: PlannedRun): RunState {
    return this.#entries.get(run.id) ?? FRESH;
  }

  /** Records what became of runs; resolves when it is on the disk. */
  set(changes: Iterable<readonly [PlannedRun, RunState]>): Promise<void> {
    for (const [run, state] of changes) {
      const { id, task, options, seed = null } = run;
      this.#entries.set(id, { id, task, options, seed, ...state });
    }
    // Two writers at once would meet in one unfinished file.
    this.#written = this.#written.then(() => {
      const content = { name: this.#name, runs: [...this.#entries.values()] };
      return writeFileAtomic(this.#path, JSON.stringify(content, null, 2) + "\n");
    });
    return this.#written;
  }
}
