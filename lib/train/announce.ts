/** What a run says before it begins. @module */

import type { FetchProgress } from "../data/fetch.ts";
import type { Device } from "../device.ts";
import { counted, grouped } from "../text.ts";
import type { Progress } from "./progress.ts";
import { bar } from "./progress.ts";
import type { Optimization } from "./recipe.ts";
import type { RunConfig } from "./run_folder.ts";

/** Names the adapter, and says what it means when it is the CPU. */
export function announceAdapter({ adapter }: Device, progress: Progress): void {
  progress.line(`adapter ${adapter.name}`);
  if (adapter.software) {
    progress.line("  this adapter computes on the CPU: right results, far slower than a GPU");
  }
}

/** Says what is trained on what. */
export function announceData(
  { model, parameters, dataset, recipe }: RunConfig<Optimization & { augment?: boolean }, string>,
  progress: Progress,
): void {
  const held = dataset.validation > 0 ? `, ${grouped(dataset.validation)} held out` : "";
  progress.line(
    `data ${dataset.name} (${dataset.source}): ${
      grouped(dataset.train_images)
    } to train on${held}, ` +
      `${grouped(dataset.test_images)} to test on`,
  );
  progress.line(
    `model ${model}, ${grouped(parameters)} parameters; ${recipe.optimizer}, lr ${recipe.lr}` +
      `${recipe.schedule === "constant" ? "" : ` (${recipe.schedule})`}, ` +
      `batch ${recipe.batchSize}, ${counted(recipe.epochs, "epoch")}` +
      `${recipe.augment ? ", augmented" : ""}, seed ${recipe.seed}`,
  );
}

/** Reports a download: a bar on a terminal, a line per file elsewhere. */
export function showFetch(progress: Progress): (fetched: FetchProgress) => void {
  let file = "";
  return ({ file: current, received, total }) => {
    const megabytes = (n: number) => (n / 1e6).toFixed(1);
    progress.transient(
      `${bar(received, total)} fetching ${current}, ${megabytes(received)} of ` +
        `${megabytes(total)} MB`,
    );
    if (current !== file && !progress.terminal) progress.line(`fetching ${current}`);
    file = current;
  };
}
