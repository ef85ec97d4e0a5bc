/**
 * Choosing the shapes of the matrix product by measurement, once for each adapter.
 *
 * What is fastest on a GPU cannot be told from its name: the register file, the caches and the
 * compiler behind WebGPU decide. So for each class of sizes a product of that class is timed with a
 * handful of candidates, and the best one is kept in `localStorage`, which needs no permission, under
 * the adapter's name and this library's version. Where there is no storage, each process measures
 * for itself.
 *
 * Three things make this safe. The candidates give the same bits, so that neither the measurement
 * nor its noise can change a result. It comes before training, never while a step is recorded. And
 * it is short: it starts no other class once its budget is spent, and classes that were not measured
 * are guessed until the next process measures them. A software adapter has one good shape and
 * is not measured unless asked for.
 *
 * @module
 */

import { tf } from "../deps.ts";
import type { TensorInfo } from "../tensor.ts";
import { VERSION } from "../version.ts";
import { backend, flush } from "./backend.ts";
import { NO_EPILOGUE } from "./kernels/epilogue.ts";
import { matMul } from "./kernels/mat_mul.ts";
import type { MatMulSizes } from "./kernels/mat_mul_form.ts";
import {
  candidates,
  chooseTiles,
  SIZE_CLASSES,
  type SizeClass,
  type TileChoice,
  type Tiles,
} from "./kernels/tiles.ts";
import { webgpuBackend } from "./program.ts";
import { submitCommands } from "./replay.ts";
import { isRecording, type Trace, trace } from "./trace.ts";

/** What tells one adapter from another. */
export interface TunedAdapter {
  /** The adapter's own description. */
  readonly name: string;
  /** Its vendor. */
  readonly vendor: string;
  /** Whether it computes on the CPU. */
  readonly software: boolean;
}

/** Where choices are kept, as in `localStorage`. */
export type ChoiceStore = Pick<Storage, "getItem" | "setItem">;

/** Options of {@link tune}. */
export interface TuneOptions {
  /** Where choices are kept; `null` for nowhere. @default `localStorage`, if there is one */
  readonly store?: ChoiceStore | null;
  /** Milliseconds after which no other class is started. @default 1000 */
  readonly budget?: number;
  /** The classes to choose for. @default all of them */
  readonly classes?: readonly SizeClass[];
  /** Whether to measure a software adapter, too. @default false */
  readonly measureSoftware?: boolean;
}

/** The product that is timed for each class; none is long enough to be cut into slices. */
const SAMPLES: Readonly<Record<SizeClass, MatMulSizes>> = {
  skinny: { M: 64, N: 10, K: 1000 },
  small: { M: 64, N: 128, K: 784 },
  medium: { M: 512, N: 512, K: 512 },
  large: { M: 2048, N: 2048, K: 1000 },
};

/** Milliseconds of one timing, where a single product does not take longer. */
const PART = 2;
/** Timings of a candidate, in turns with the others; the shortest counts. */
const ROUNDS = 3;
/** Dispatches of one timing at most. */
const MAX_TIMES = 2000;

/**
 * Chooses tiles for the active device and uses them from now on.
 *
 * @param adapter The adapter of the active device.
 * @param options Where to keep the choice and how long to take.
 * @returns The choice; without the classes that are guessed.
 */
export async function tune(
  adapter: TunedAdapter,
  options: TuneOptions = {},
): Promise<TileChoice> {
  const { store = localStore(), budget = 1000, measureSoftware = false } = options;
  const { classes = SIZE_CLASSES } = options;
  if (isRecording() || adapter.software && !measureSoftware) return {};
  const key = `inkling tiles ${VERSION} ${adapter.vendor} ${adapter.name}`;
  const kept = load(store, key);
  const missing = classes.filter((sizeClass) => kept[sizeClass] === undefined);
  const measured = { ...kept, ...await measure(missing, performance.now() + budget) };
  if (missing.length > 0) save(store, key, measured);
  chooseTiles(measured);
  return measured;
}

async function measure(classes: readonly SizeClass[], deadline: number): Promise<TileChoice> {
  if (classes.length === 0) return {};
  const choice: Partial<Record<SizeClass, Tiles>> = {};
  for (const sizeClass of classes) {
    if (performance.now() >= deadline) break;
    choice[sizeClass] = fastest(sizeClass);
  }
  await backend().queue.onSubmittedWorkDone();
  return choice;
}

/** A candidate, recorded, with its shortest time. */
interface Run {
  readonly tiles: Tiles;
  readonly product: Trace;
  times: number;
  best: number;
}

/** The candidate of a class whose shortest time is the shortest. */
function fastest(sizeClass: SizeClass): Tiles {
  const sizes = SAMPLES[sizeClass];
  const a = ones([sizes.M, sizes.K]);
  const b = ones([sizes.K, sizes.N]);
  const runs: Run[] = [];
  try {
    for (const tiles of candidates(sizeClass)) {
      // What records it also compiles it.
      const run = { tiles, product: record(a, b, sizes, tiles), times: 1, best: 0 };
      runs.push(run);
      run.best = time(run);
      run.times = Math.min(MAX_TIMES, Math.max(1, Math.ceil(PART / run.best)));
      run.best = time(run);
    }
    for (let round = 1; round < ROUNDS; round++) {
      for (const run of runs) run.best = Math.min(run.best, time(run));
    }
    return runs.reduce((one, other) => other.best < one.best ? other : one).tiles;
  } finally {
    for (const { product } of runs) product.arena.dispose();
    for (const { dataId } of [a, b]) webgpuBackend().disposeData(dataId);
  }
}

function record(a: TensorInfo, b: TensorInfo, sizes: MatMulSizes, tiles: Tiles): Trace {
  const form = { transposeA: false, transposeB: false, epilogue: NO_EPILOGUE };
  return trace(() => {
    const { dataId } = matMul(a, b, sizes, form, [sizes.M, sizes.N], tiles);
    webgpuBackend().disposeData(dataId);
  });
}

/** Milliseconds of one product, out of `times`. A replay costs the CPU less than the product the GPU. */
function time({ product: { commands }, times }: Run): number {
  wait();
  const started = performance.now();
  submitCommands(commands, times);
  wait();
  return (performance.now() - started) / times;
}

/**
 * Waits until the GPU is idle. In Deno it is the call that waits; what it returns resolves 10 ms
 * later, which would drown the time of a product.
 */
function wait(): void {
  flush();
  void backend().queue.onSubmittedWorkDone();
}

/** A matrix of ones: a GPU may take less time, and power, for zeros. */
function ones(shape: number[]): TensorInfo {
  const kernel = tf.getKernel("Fill", "webgpu");
  const attrs = { shape, value: 1, dtype: "float32" as const };
  return kernel.kernelFunc({ inputs: {}, backend: webgpuBackend(), attrs }) as TensorInfo;
}

function localStore(): ChoiceStore | null {
  try {
    return globalThis.localStorage;
  } catch {
    // A process without a place of its own, or one that must not keep anything.
    return null;
  }
}

/** What is kept, where it is among the candidates of this device. */
function load(store: ChoiceStore | null, key: string): TileChoice {
  let kept: Partial<Record<string, unknown>>;
  try {
    kept = Object(JSON.parse(store?.getItem(key) ?? "{}"));
  } catch {
    // A store that cannot be read, or what is not ours: measured again.
    return {};
  }
  const choice: Partial<Record<SizeClass, Tiles>> = {};
  for (const sizeClass of SIZE_CLASSES) {
    const wanted = JSON.stringify(kept[sizeClass]);
    const match = candidates(sizeClass).find((own) => JSON.stringify(own) === wanted);
    if (match) choice[sizeClass] = match;
  }
  return choice;
}

function save(store: ChoiceStore | null, key: string, choice: TileChoice): void {
  try {
    store?.setItem(key, JSON.stringify(choice));
  } catch {
    // Full or read-only: the next process measures for itself.
  }
}
