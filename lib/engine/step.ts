/**
 * Recording a training step once and replaying it.
 *
 * tfjs spends most of a small step on the CPU: the tape, a bind group, a uniform buffer and often
 * more for each dispatch. A step of fixed shapes does the same every time, so it is run through tfjs
 * twice while its pipelines, bind groups, workgroup counts and copies are written down, and from
 * then on only those are encoded again.
 *
 * @module
 */

import { RecordingError } from "../errors.ts";
import { tf } from "../deps.ts";
import type { Tensor } from "../tensor.ts";
import { backend } from "./backend.ts";
import { collectIfDue } from "./collect.ts";
import { LossRing } from "./loss_ring.ts";
import { type CommandTime, profile } from "./profile.ts";
import type { Command } from "./recorder.ts";
import { submitCommands } from "./replay.ts";
import { type Trace, trace } from "./trace.ts";

/** Options of {@link compileStep}. */
export interface CompileOptions {
  /** Steps encoded into one submit. @default 16 */
  readonly stepsPerSubmit?: number;
  /** Losses that a step returns: 1, or as many as its tensor has, or 0 of a step without. @default 1 */
  readonly losses?: number;
}

/** One step: computes, updates its state, and returns its losses, if it has any. */
export type Step = () => Tensor | void;

/** What a recorded step consists of. */
export interface StepStats {
  /** Dispatches per step. */
  readonly dispatches: number;
  /** Buffer copies per step. */
  readonly copies: number;
  /** Bytes of the buffers that the recording holds. */
  readonly bytes: number;
}

/** A step that can be run many times. */
export interface CompiledStep {
  /**
   * Runs the next `count` steps and reads their losses. The first two steps of all are run through
   * tfjs and recorded, the others replayed.
   *
   * @returns The losses of each step, in order. Without losses nothing is waited for.
   * @throws {RecordingError} In the first two steps, when the step cannot be replayed soundly.
   */
  run(count: number): Promise<Float32Array>;
  /** What the recording consists of; `undefined` before the second step. */
  readonly stats: StepStats | undefined;
  /**
   * Times each command of the recording. That runs it many times over and spoils what the step updates
   * in place: a network that was profiled is of no further use.
   *
   * @throws {RecordingError} When nothing is recorded: before the second step, or without a recording.
   */
  profile(): Promise<CommandTime[]>;
  /** Frees the recording's buffers. The state that the step works on stays. */
  dispose(): void;
}

/**
 * Compiles a training step.
 *
 * The step must do the same every time: the same shapes, state updated in place (as this library's
 * optimizers do), and whatever changes from step to step, such as the batch, the learning rate or
 * random numbers, read from buffers on the GPU that the step itself advances. What cannot be
 * replayed is found out by running the step twice and comparing, and refused with the name of the
 * operation.
 *
 * @param step One step: computes, updates its state, returns its loss, a scalar on the GPU.
 * @param options How many steps to submit at once, and how many losses a step has.
 *
 * @example A step of one's own
 * ```ts
 * import { compileStep, openDevice, updateInPlace } from "../../mod.ts";
 * import { tf } from "../deps.ts";
 * import assert from "node:assert/strict";
 *
 * await openDevice();
 * const x = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
 * const y = tf.tensor2d([[5], [11], [17]]);
 * const w = tf.variable(tf.zeros([2, 1]));
 * const step = compileStep(() => {
 *   const loss = () => tf.mean(tf.square(tf.sub(tf.matMul(x, w as tf.Tensor2D), y))) as tf.Scalar;
 *   const { value, grads } = tf.variableGrads(loss, [w]);
 *   updateInPlace("example", "result[i] - 0.02 * g[i]", w, { g: grads[w.name]! }, {});
 *   return value;
 * });
 * const losses = await step.run(50);
 * assert.ok(losses.at(-1)! < losses[0]! / 10);
 * assert.ok(step.stats!.dispatches > 0);
 * step.dispose();
 * ```
 */
export function compileStep(step: Step, options: CompileOptions = {}): CompiledStep {
  const { stepsPerSubmit = 16 } = options;
  const ring = new Losses(options);
  let first: Trace | undefined;
  let recording: Trace | undefined;

  const traceStep = () => trace(() => ring.take(step()));

  return {
    get stats(): StepStats | undefined {
      if (recording === undefined) return undefined;
      const { commands, arena } = recording;
      const dispatches = commands.filter(({ kind }) => kind === "dispatch").length;
      return { dispatches, copies: commands.length - dispatches, bytes: arena.size };
    },
    async run(count: number): Promise<Float32Array> {
      return await ring.collect(count, (part) => {
        let taken = 0;
        if (first === undefined && taken < part) {
          first = traceStep();
          taken++;
        }
        if (recording === undefined && taken < part) {
          recording = traceStep();
          compare(first!.commands, recording.commands);
          release(first!);
          taken++;
        }
        while (taken < part) {
          const steps = Math.min(stepsPerSubmit, part - taken);
          replay(recording!, steps);
          taken += steps;
        }
      });
    },
    async profile(): Promise<CommandTime[]> {
      if (recording === undefined) throw nothingRecorded();
      return await profile(recording.commands);
    },
    dispose(): void {
      // The first trace was released when the second had been compared with it.
      const last = recording ?? first;
      if (last) release(last);
      ring.dispose();
    },
  };
}

/**
 * The same as {@link compileStep} without a recording: every step runs through tfjs. Slower, and the
 * reference for what a recording computes.
 */
export function eagerStep(step: Step, options: CompileOptions = {}): CompiledStep {
  const ring = new Losses(options);
  return {
    stats: undefined,
    async run(count: number): Promise<Float32Array> {
      return await ring.collect(count, (part) => {
        for (let i = 0; i < part; i++) {
          tf.tidy(() => void ring.take(step()));
          collectIfDue();
        }
      });
    },
    profile: () => Promise.reject(nothingRecorded()),
    dispose: () => ring.dispose(),
  };
}

function nothingRecorded(): RecordingError {
  return new RecordingError(
    "Cannot profile the step: a recording is needed, got none. Compile it with compileStep() and run " +
      "two steps before",
  );
}

/** The losses of steps, which may be none. */
class Losses {
  readonly #ring: LossRing | undefined;
  readonly #width: number;

  constructor({ losses = 1 }: CompileOptions) {
    this.#width = losses;
    if (losses > 0) this.#ring = new LossRing(losses);
  }

  /** Keeps what a step returned. */
  take(losses: Tensor | void): Tensor | void {
    const count = losses === undefined ? 0 : losses instanceof tf.Tensor ? losses.size : NaN;
    if (count !== this.#width) {
      throw new RecordingError(
        `Cannot run the step: it must return ${describe(this.#width)}, and not be async, got ` +
          (Number.isNaN(count) ? "something else" : describe(count)),
      );
    }
    if (losses) this.#ring?.append(losses);
    return losses;
  }

  /** Has `count` steps run, as many at once as fit, and reads their losses. */
  async collect(count: number, run: (part: number) => void): Promise<Float32Array> {
    const losses = new Float32Array(this.#width * count);
    const most = this.#ring?.capacity ?? count;
    for (let done = 0; done < count;) {
      const part = Math.min(count - done, most);
      run(part);
      if (this.#ring) losses.set(await this.#ring.read(part), this.#width * done);
      done += part;
    }
    return losses;
  }

  dispose(): void {
    this.#ring?.dispose();
  }
}

function describe(losses: number): string {
  if (losses === 0) return "nothing";
  return losses === 1 ? "its loss, a scalar" : `its ${losses} losses`;
}

/** Refuses a step that did not do the same twice. */
function compare(first: readonly Command[], second: readonly Command[]): void {
  const differs = second.findIndex((command, i) => command.identity !== first[i]?.identity);
  if (differs < 0 && first.length === second.length) return;
  const { kernel } = second[differs] ?? first[second.length]!;
  throw new RecordingError(
    `Cannot record the step: the operation ${
      kernel || "at its start"
    } did not do the same when the ` +
      "step was run again. A random tensor made on the CPU, a number that changes from step to step, " +
      "or another shape is no part of a recording; draw or count it on the GPU",
  );
}

/** Frees the buffers of a trace and the tensor that it returned. */
function release({ arena, result }: Trace): void {
  if (result) {
    backend().tensorMap.get(result.dataId).resource = null;
    result.dispose();
  }
  arena.dispose();
}

/** Runs the recorded step `times` times over, in one submit. */
function replay({ commands, updated }: Trace, times: number): void {
  const { tensorMap } = backend();
  // Values that were read back are old after this.
  for (const dataId of updated) if (tensorMap.has(dataId)) tensorMap.get(dataId).values = null;
  submitCommands(commands, times);
}
