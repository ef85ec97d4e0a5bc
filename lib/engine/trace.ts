/**
 * Running a function through tfjs while writing down what it does on the GPU.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { RecordingError } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { Arena } from "./arena.ts";
import { backend, flush, listenToUpdates } from "./backend.ts";
import { type Command, Recorder } from "./recorder.ts";

/** What a function did, ready to be done again. */
export interface Trace {
  /** The commands in order. */
  readonly commands: readonly Command[];
  /** What the function returned, if anything. Its buffer belongs to the arena. */
  readonly result: Tensor | undefined;
  /** Data of the tensors that the commands update in place. */
  readonly updated: ReadonlySet<object>;
  /** The buffers that the commands work on, beside those of tensors made before. */
  readonly arena: Arena;
}

let recording = false;

/** Whether a step is being recorded just now. */
export function isRecording(): boolean {
  return recording;
}

/**
 * Runs `fn` once, for real, and records it.
 *
 * @throws {RecordingError} When `fn` does what a replay could not do again: reading a tensor,
 *   replacing a variable, or returning a promise.
 */
export function trace(fn: () => Tensor | void): Trace {
  flush();
  const active = backend();
  const outside = active.bufferManager;
  const arena = new Arena(active.device, outside);
  const recorder = new Recorder(active, arena);
  const variables = variableIds();
  const tensors = tf.memory().numTensors;
  active.bufferManager = arena;
  const restore = recorder.install();
  const updated = new Set<object>();
  listenToUpdates((dataId) => updated.add(dataId));
  recording = true;
  try {
    const result = tf.tidy(fn as () => Tensor) as Tensor | undefined;
    checkVariables(variables);
    flush();
    arena.releaseForeign();
    const kept = tf.memory().numTensors - tensors - (result ? 1 : 0);
    if (kept !== 0) {
      throw new RecordingError(
        `Cannot record the step: it must leave no tensor but its loss, got ${kept} more. Make state ` +
          "before the step and update it in place",
      );
    }
    return { commands: recorder.commands, result, updated, arena };
  } catch (error) {
    flush();
    arena.releaseForeign();
    arena.dispose();
    throw error;
  } finally {
    recording = false;
    listenToUpdates();
    restore();
    active.bufferManager = outside;
  }
}

function variableIds(): Map<string, object> {
  const { registeredVariables } = tf.engine();
  return new Map(Object.entries(registeredVariables).map(([name, v]) => [name, v.dataId]));
}

function checkVariables(before: Map<string, object>): void {
  for (const [name, variable] of Object.entries(tf.engine().registeredVariables)) {
    const dataId = before.get(name);
    if (dataId !== undefined && dataId !== variable.dataId) {
      throw new RecordingError(
        `Cannot record the step: the variable ${name} was replaced by assign(), and a replay would ` +
          "go on with the old one. Update it in place, as this library's optimizers do",
      );
    }
  }
}
