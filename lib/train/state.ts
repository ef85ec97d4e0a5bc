/**
 * The training state: what a run needs to go on as if it had never stopped.
 *
 * All random numbers come from streams named by seed, epoch, step and image, so a position in the
 * run says which come next; beside it only weights and the optimizer's tensors are kept.
 *
 * @module
 */

import { join } from "../deps.ts";
import { CheckpointError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import type { Module, StateDict, StateTensor } from "../nn/module.ts";
import type { EMA } from "../nn/optim/ema.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import { readSafetensors } from "./checkpoint.ts";
import { encodeSafetensors } from "./safetensors.ts";

/** One epoch's figures, a line of `metrics.jsonl`. */
export interface EpochRecord {
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Steps since the start of the run. */
  readonly steps: number;
  /** Mean training loss over the epoch's images. */
  readonly train_loss: number;
  /** Accuracy on the validation split; `null` without one. */
  readonly val_accuracy: number | null;
  /** Accuracy on the test images; `null` when a validation split is watched instead. */
  readonly test_accuracy: number | null;
  /** Learning rate of the epoch's last step. */
  readonly lr: number;
  /** Training time since the start of the run, in seconds. */
  readonly seconds: number;
}

/** Where a run stands. */
export interface TrainingState {
  /** Finished epochs. */
  epoch: number;
  /** Finished steps of the current epoch. */
  step: number;
  /** Sum of the loss over the images of the current epoch. */
  lossSum: number;
  /** Images of the current epoch that `lossSum` counts. */
  lossCount: number;
  /** Training time so far, in seconds. */
  seconds: number;
  /** The finished epochs' figures. */
  records: EpochRecord[];
}

/** What a run trains. */
export interface Trained {
  /** The network. */
  readonly network: Module;
  /** Its optimizer. */
  readonly optimizer: Optimizer;
  /** The average of its weights, if it is kept. */
  readonly ema?: EMA | undefined;
}

/** Name of the state's file inside a run folder. */
export const STATE_FILE = "state.safetensors";

/** The state of a run that has not begun. */
export function initialState(): TrainingState {
  return { epoch: 0, step: 0, lossSum: 0, lossCount: 0, seconds: 0, records: [] };
}

/** Writes the state into the run folder, with the weights, their average and the optimizer's tensors. */
export async function saveState(
  folder: string,
  state: TrainingState,
  { network, optimizer, ema }: Trained,
): Promise<void> {
  const tensors: StateDict = new Map();
  const parts = { model: network, optimizer, ...(ema && { ema }) };
  for (const [part, owner] of Object.entries(parts)) {
    for (const [name, tensor] of await owner.stateDict()) tensors.set(`${part}.${name}`, tensor);
  }
  const metadata = { state: JSON.stringify(state), optimizer_steps: String(optimizer.steps) };
  await writeFileAtomic(join(folder, STATE_FILE), encodeSafetensors({ tensors, metadata }));
}

/**
 * Reads the state of a run folder into what the run trains.
 *
 * @returns Where the run stands; the initial state when it was stopped before its first save.
 * @throws {CheckpointError} When the file is damaged or of another network.
 */
export async function loadState(
  folder: string,
  { network, optimizer, ema }: Trained,
): Promise<TrainingState> {
  const path = join(folder, STATE_FILE);
  try {
    await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return initialState();
    throw error;
  }
  const { tensors, metadata } = await readSafetensors(path);
  const part = (prefix: string) =>
    new Map<string, StateTensor>(
      [...tensors].filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  const state = parseState(metadata.state);
  if (state === undefined) {
    throw new CheckpointError(`Cannot resume: ${path} does not say where the run stands`);
  }
  network.loadStateDict(part("model."));
  const steps = Number(metadata.optimizer_steps);
  optimizer.loadStateDict(part("optimizer."), steps);
  ema?.loadStateDict(part("ema."), steps);
  return state;
}

function parseState(text = ""): TrainingState | undefined {
  try {
    const state: TrainingState = JSON.parse(text);
    const { epoch, step, lossSum, lossCount, seconds, records } = state;
    const counts = [epoch, step, lossCount].every((n) => Number.isSafeInteger(n) && n >= 0);
    const sums = Number.isFinite(lossSum) && Number.isFinite(seconds);
    if (counts && sums && Array.isArray(records) && records.length === epoch) return state;
  } catch {
    // What does not parse is refused like what makes no sense.
  }
  return undefined;
}
