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

/** What is known of an epoch of any run. */
export interface EpochFigures {
  /** The epoch, from 1. */
  readonly epoch: number;
  /** Steps since the start of the run. */
  readonly steps: number;
  /** Mean training loss over the epoch's images. */
  readonly train_loss: number;
  /** Learning rate of the epoch's last step. */
  readonly lr: number;
  /** Training time since the start of the run, in seconds. */
  readonly seconds: number;
}

/** What is known of an epoch of a classifier. */
export interface Accuracies {
  /** Accuracy on the validation split; `null` without one. */
  readonly val_accuracy: number | null;
  /** Accuracy on the test images; `null` when a validation split is watched instead. */
  readonly test_accuracy: number | null;
}

/** One epoch's figures, a line of `metrics.jsonl`. */
export type EpochRecord = EpochFigures & Accuracies;

/** Where a run stands; `More` is what its records hold beside the loss. */
export interface TrainingState<More extends object = Accuracies> {
  /** Finished epochs. */
  epoch: number;
  /** Finished steps of the current epoch. */
  step: number;
  /** Sum of each loss over the images of the current epoch. */
  lossSums: number[];
  /** Images of the current epoch that `lossSums` count. */
  lossCount: number;
  /** Training time so far, in seconds. */
  seconds: number;
  /** The finished epochs' figures. */
  records: (EpochFigures & More)[];
}

/** What a run trains. */
export interface Trained {
  /** The network. */
  readonly network: Module;
  /** Its optimizer, or what it has in the place of one. */
  readonly optimizer: Pick<Optimizer, "steps" | "stateDict" | "loadStateDict">;
  /** The average of its weights, if it is kept. */
  readonly ema?: EMA | undefined;
}

/** Name of the state's file inside a run folder. */
export const STATE_FILE = "state.safetensors";

/** The state of a run that has not begun. */
export function initialState<More extends object = Accuracies>(): TrainingState<More> {
  return { epoch: 0, step: 0, lossSums: [], lossCount: 0, seconds: 0, records: [] };
}

/** Writes the state into the run folder, with the weights, their average and the optimizer's tensors. */
export async function saveState<More extends object>(
  folder: string,
  state: TrainingState<More>,
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
export async function loadState<More extends object = Accuracies>(
  folder: string,
  { network, optimizer, ema }: Trained,
): Promise<TrainingState<More>> {
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
  const state = parseState<More>(metadata.state);
  if (state === undefined) {
    throw new CheckpointError(`Cannot resume: ${path} does not say where the run stands`);
  }
  network.loadStateDict(part("model."));
  const steps = Number(metadata.optimizer_steps);
  optimizer.loadStateDict(part("optimizer."), steps);
  ema?.loadStateDict(part("ema."), steps);
  return state;
}

function parseState<More extends object>(text = ""): TrainingState<More> | undefined {
  try {
    const state: TrainingState<More> = JSON.parse(text);
    const { epoch, step, lossSums, lossCount, seconds, records } = state;
    const counts = [epoch, step, lossCount].every((n) => Number.isSafeInteger(n) && n >= 0);
    const sums = [...lossSums, seconds].every(Number.isFinite);
    if (counts && sums && Array.isArray(records) && records.length === epoch) return state;
  } catch {
    // What does not parse is refused like what makes no sense.
  }
  return undefined;
}
