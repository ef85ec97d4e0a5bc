/** Progress on stderr: a bar on a terminal, plain lines elsewhere. @module */

/** Where training stands. */
export interface Position {
  /** The current epoch, from 1. */
  readonly epoch: number;
  /** Epochs in all. */
  readonly epochs: number;
  /** Steps done in this epoch. */
  readonly step: number;
  /** Steps per epoch. */
  readonly steps: number;
  /** Mean loss of this epoch so far. */
  readonly loss: number;
}

/** Seconds to go as `1:05` or `2:03:04`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const s = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${s}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${s}`;
}

/** What something took: `0.23 s`, `12 s`, `3 min 42 s` or `2 h 05 min`. */
export function formatSpan(seconds: number): string {
  const short = Number(Math.max(0, seconds).toPrecision(2));
  if (short < 60) return `${short} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** A bar of `width` characters, `done` of `total` filled. */
export function bar(done: number, total: number, width = 24): string {
  const filled = total > 0 ? Math.round(Math.min(1, done / total) * width) : 0;
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** Without a terminal a line is written at most this often after the first, in ms. */
const PLAIN_INTERVAL = 30_000;

/** Reports where a run stands. With `quiet` it only passes on warnings. */
export class Progress {
  readonly #quiet: boolean;
  readonly #put: (text: string) => void;
  /** Whether a bar can be drawn. */
  readonly terminal: boolean;
  #started = performance.now();
  #startSteps = 0;
  #lastSteps = Infinity;
  #lastPlain = 0;
  #barShown = false;

  /**
   * Reports to stderr, or wherever `write` puts it.
   *
   * @param options `quiet` hides all but warnings; `terminal` says whether a bar can be drawn;
   *   `write` takes the text, control characters and all.
   *   @default not quiet, whether stderr is a terminal, and stderr
   */
  constructor(
    options: {
      readonly quiet?: boolean;
      readonly terminal?: boolean;
      readonly write?: (text: string) => void;
    } = {},
  ) {
    this.#quiet = options.quiet ?? false;
    this.terminal = options.terminal ?? Deno.stderr.isTerminal();
    this.#put = options.write ?? writeToStderr;
  }

  /** Says something that stays on the screen. */
  line(text: string): void {
    if (!this.#quiet) this.#write(text);
  }

  /** Says something that even `--quiet` must not hide. */
  warn(text: string): void {
    this.#write(text);
  }

  /** Shows where training stands. */
  update(position: Position): void {
    if (this.#quiet) return;
    const { epoch, epochs, step, steps, loss } = position;
    const done = (epoch - 1) * steps + step;
    const isFirst = done < this.#lastSteps;
    if (isFirst) {
      // The first steps of a run compile shaders and would spoil the rate.
      this.#startSteps = done;
      this.#started = performance.now();
    }
    this.#lastSteps = done;
    const now = performance.now();
    // The first says in a log that training has begun.
    if (!this.terminal && !isFirst && now - this.#lastPlain < PLAIN_INTERVAL) return;
    const rate = (done - this.#startSteps) / Math.max(1e-9, (now - this.#started) / 1000);
    const eta = rate > 0 ? `, ${formatDuration((epochs * steps - done) / rate)} left` : "";
    const speed = rate > 0 ? `, ${rate.toPrecision(3)} steps/s` : "";
    const text = `epoch ${epoch}/${epochs}, step ${step}/${steps}, loss ${loss.toFixed(4)}`;
    if (this.terminal) {
      this.transient(`${bar(done, epochs * steps)} ${text}${speed}${eta}`);
    } else {
      this.#lastPlain = now;
      this.#write(text + speed + eta);
    }
  }

  /** Shows a line that the next one replaces; nothing without a terminal. */
  transient(text: string): void {
    if (this.#quiet || !this.terminal) return;
    this.#put(`\r\x1b[K${text}`);
    this.#barShown = true;
  }

  /** Removes the bar, if one is shown. */
  clear(): void {
    if (this.#barShown) this.#put("\r\x1b[K");
    this.#barShown = false;
  }

  #write(text: string): void {
    this.clear();
    this.#put(text + "\n");
  }
}

function writeToStderr(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch {
    // A closed stderr is no reason to lose a training run.
  }
}
