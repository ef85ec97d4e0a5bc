/** What a run is judged by: the accuracy of a classifier, the loss of a generator. @module */

import type { RunResult } from "./attempt.ts";

/** The measure of a run, in words. */
export function describeMeasure({ test_accuracy, train_loss }: RunResult): string {
  if (test_accuracy !== undefined) return `accuracy ${percent(test_accuracy)}`;
  return train_loss === undefined ? "done" : `loss ${lossText(train_loss)}`;
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** A loss. */
export function lossText(loss: number): string {
  return loss.toPrecision(4);
}
