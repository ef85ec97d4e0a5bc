/** From a finished run to a contestant: its figures, and what it says of the test images. @module */

import { takeFirst } from "../data/split.ts";
import type { ImageSet } from "../data/types.ts";
import { join } from "../deps.ts";
import { CheckpointError } from "../errors.ts";
import { grouped } from "../text.ts";
import { loadClassifier } from "../train/classifier.ts";
import type { Contestant } from "./statistics.ts";

/** Enough images to have every shader compiled before the clock starts. */
const WARM_UP = 250;

/**
 * Tests a run's model.
 *
 * @param folder The run folder.
 * @param test The test images.
 * @throws {CheckpointError} When the run is not whole.
 */
export async function contestantOf(folder: string, test: ImageSet): Promise<Contestant> {
  const result = await readResult(folder);
  const classifier = await loadClassifier(folder);
  await classifier.predict(takeFirst(test, Math.min(WARM_UP, test.count)));
  const started = performance.now();
  const { classes } = await classifier.predict(test);
  const imageSeconds = (performance.now() - started) / 1000 / test.count;
  classifier.dispose();
  return {
    name: classifier.info.model,
    seed: result.seed,
    run: folder,
    size: sizeOf(result),
    epochs: result.epochs,
    adapter: result.adapter,
    testAdapter: classifier.device?.adapter.name,
    bytes: classifier.bytes,
    trainSeconds: result.seconds,
    imageSeconds,
    classes,
  };
}

/** The sizes that `result.json` may hold. */
export interface Measured {
  /** Trained values, of a network. */
  readonly parameters?: number;
  /** Support vectors, of a machine. */
  readonly support_vectors?: number;
  /** Nodes, of a forest. */
  readonly nodes?: number;
}

/** What is read of `result.json`. */
interface Result extends Measured {
  readonly seed: number;
  readonly seconds: number;
  readonly epochs?: number;
  readonly adapter?: string;
}

async function readResult(folder: string): Promise<Result> {
  const path = join(folder, "result.json");
  try {
    const result: Result = JSON.parse(await Deno.readTextFile(path));
    if (Number.isFinite(result.seconds) && Number.isInteger(result.seed)) return result;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof SyntaxError)) throw error;
  }
  throw new CheckpointError(`Cannot compare ${folder}: its result.json is missing or damaged`);
}

/** The size of a model in its own terms, such as `3 199 106 parameters`. */
export function sizeOf({ parameters, support_vectors, nodes }: Measured): string {
  if (support_vectors !== undefined) return `${grouped(support_vectors)} support vectors`;
  if (nodes !== undefined) return `${grouped(nodes)} nodes`;
  return `${grouped(parameters ?? 0)} parameters`;
}
