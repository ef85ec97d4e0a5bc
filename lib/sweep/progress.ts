/** How far a sweep is, on stderr. @module */

import { bar, formatDuration, formatSpan, type Progress } from "../train/progress.ts";
import type { RunResult } from "./attempt.ts";
import { describeRun, type PlannedRun, variedOptions } from "./grid.ts";
import { describeMeasure } from "./measure.ts";
import type { RunState } from "./state.ts";

/** Counts the runs of a sweep as they end, and estimates when all will have. */
export class SweepProgress {
  readonly #progress: Progress;
  readonly #runs: readonly PlannedRun[];
  readonly #started: number;
  readonly #now: () => number;
  #ended = 0;
  #left = 0;
  #failed = 0;

  /** Counts towards all of `runs`; `now` is the clock, in ms. */
  constructor(
    progress: Progress,
    runs: readonly PlannedRun[],
    now: () => number = () => performance.now(),
  ) {
    this.#progress = progress;
    this.#runs = runs;
    this.#now = now;
    this.#started = now();
  }

  /** A round of attempts begins, when `done` runs are done; or one of those at what failed. */
  round(attempts: number, done: number, again: boolean): void {
    this.#left = attempts;
    this.#failed = this.#runs.length - done - attempts;
    this.#progress.line(
      again
        ? `trying again what failed: ${attempts} of ${this.#runs.length} runs`
        : `${done} of ${this.#runs.length} runs are done, ${attempts} to go`,
    );
    this.#show();
  }

  /** A run has ended. */
  ended(run: PlannedRun, { standing, exit }: RunState, result: RunResult | undefined): void {
    if (standing !== "stopped") this.#left--;
    this.#ended++;
    if (standing === "failed") this.#failed++;
    const said = result
      ? `${describeMeasure(result)} in ${formatSpan(result.seconds)}`
      : standing === "failed"
      ? `failed (exit status ${exit ?? "unknown"})`
      : standing;
    const where = this.#progress.terminal ? "" : `; ${this.#position()}`;
    const short = { ...run, options: variedOptions(run, this.#runs) };
    this.#progress.line(`${describeRun(short)}: ${said}${where}`);
    this.#show();
  }

  #show(): void {
    const done = this.#runs.length - this.#left;
    if (this.#left > 0) {
      this.#progress.transient(`${bar(done, this.#runs.length)} ${this.#position()}`);
    } else this.#progress.clear();
  }

  #position(): string {
    const done = this.#runs.length - this.#left - this.#failed;
    const failed = this.#failed > 0 ? `, ${this.#failed} failed` : "";
    return `${done} done${failed}, ${this.#left} left${this.#estimate()}`;
  }

  #estimate(): string {
    if (this.#ended === 0 || this.#left === 0) return "";
    const each = (this.#now() - this.#started) / 1000 / this.#ended;
    return `, about ${formatDuration(each * this.#left)} to go`;
  }
}
