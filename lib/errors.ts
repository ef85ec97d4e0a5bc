/**
 * The errors that a user can cause and mend. A task prints their message as one line and exits with
 * {@link InklingError.exitCode}; any other error is a defect of ours and keeps its stack.
 *
 * Messages have the form *Cannot <action>: <rule or cause>, got <value>. <what to do>*.
 *
 * @module
 */

import { scaledBytes } from "./text.ts";

/** The base of all errors that end a task with one line instead of a stack. */
export class InklingError extends Error {
  /** The process exit status for this error: 1, or 2 for wrong usage. */
  readonly exitCode: number = 1;
  /** The class name, so that `error.name` and printed stacks say which kind it is. */
  override name = "InklingError";
}

/** A command line that is not understood: an unknown option, a value out of range. Exit status 2. */
export class UsageError extends InklingError {
  /** Always 2. */
  override readonly exitCode: number = 2;
  /** Always `"UsageError"`. */
  override name = "UsageError";
}

/** Data that is missing, damaged, or not what it claims to be. */
export class DataError extends InklingError {
  /** Always `"DataError"`. */
  override name = "DataError";
}

/** A checkpoint or run folder that is missing, damaged, or of another network. */
export class CheckpointError extends InklingError {
  /** Always `"CheckpointError"`. */
  override name = "CheckpointError";
}

/** No usable GPU adapter, a lost device, or a shader that the device refused. */
export class DeviceError extends InklingError {
  /** Always `"DeviceError"`. */
  override name = "DeviceError";
}

/** A tensor that is larger than what the adapter lets a kernel bind: the batch is too large for it. */
export class TensorSizeError extends DeviceError {
  /** Always `"TensorSizeError"`. */
  override name = "TensorSizeError";

  /**
   * Says how much smaller batches must be.
   *
   * @param size Bytes of the tensor.
   * @param most Bytes that the adapter lets a kernel bind.
   */
  constructor(size: number, most: number) {
    super(
      `Cannot hold a tensor of ${scaledBytes(size)}: kernels of this adapter bind ` +
        `${scaledBytes(most)}. Take smaller batches (--batch-size), of at most ` +
        `${Math.floor(100 * most / size)} % of the size.`,
    );
  }
}

/** Training that cannot go on, such as a loss that is no longer a finite number. */
export class TrainingError extends InklingError {
  /** Always `"TrainingError"`. */
  override name = "TrainingError";
}

/** A training step that cannot be recorded soundly; see `compileStep`. */
export class RecordingError extends InklingError {
  /** Always `"RecordingError"`. */
  override name = "RecordingError";
}
