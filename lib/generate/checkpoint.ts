/** Checkpoints of generators. @module */

import { CheckpointError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { buildGenerator, GENERATOR_NAMES, type GeneratorName } from "../models/generators.ts";
import type { Module, StateDict } from "../nn/module.ts";
import { Random } from "../random.ts";
import { modelFile, readCheckpoint } from "../train/checkpoint.ts";
import { decodeInfo, encodeInfo, type ModelInfo, nonsense } from "../train/model_info.ts";
import {
  decodeSafetensors,
  decodeTensors,
  type EncodeOptions,
  encodeSafetensors,
} from "../train/safetensors.ts";
import { NOISES, PREDICTIONS, type Process } from "./process.ts";

/** What a checkpoint says of its generator. */
export interface GeneratorInfo extends ModelInfo<GeneratorName> {
  /** The process that a diffusion network was trained for. */
  readonly process?: Process;
  /** Whether it learnt from dropped labels too, and so can be guided. */
  readonly dropsLabels?: boolean;
}

/** A generator, loaded. */
export interface LoadedGenerator {
  /** The file that it came from. */
  readonly path: string;
  /** The network with its weights, on the GPU. */
  readonly network: Module;
  /** What the checkpoint says of it. */
  readonly info: GeneratorInfo;
}

/** Writes a generator as a safetensors file. */
export async function saveGenerator(
  path: string,
  tensors: StateDict,
  info: GeneratorInfo,
): Promise<void> {
  await writeFileAtomic(path, encodeGenerator(tensors, info));
}

/**
 * A generator as a safetensors file, which holds no time and no path.
 *
 * @throws {RangeError} When a value is too large for the numbers that `options` asks for.
 */
export function encodeGenerator(
  tensors: StateDict,
  { process, dropsLabels, ...info }: GeneratorInfo,
  options: EncodeOptions = {},
): Uint8Array<ArrayBuffer> {
  const metadata = {
    format: "pt",
    ...encodeInfo(info),
    ...(process && { process: JSON.stringify(process) }),
    ...(dropsLabels && { drops_labels: "true" }),
  };
  return encodeSafetensors({ tensors, metadata }, options);
}

/**
 * Loads a generator from a checkpoint or a run folder.
 *
 * @param path The file or folder.
 * @throws {CheckpointError} When there is none, or it is not one of this project's generators.
 */
export async function loadGenerator(path: string): Promise<LoadedGenerator> {
  const file = await modelFile(path);
  return decodeGenerator(await readCheckpoint(file), file);
}

/**
 * Loads a generator from the bytes of a checkpoint.
 *
 * @param bytes The content of a safetensors file.
 * @param file What to call it.
 * @throws {CheckpointError} When it is damaged, or not one of this project's generators.
 */
export function decodeGenerator(bytes: Uint8Array<ArrayBuffer>, file: string): LoadedGenerator {
  const { metadata } = decodeTensors(bytes, file);
  // First, as a checkpoint of another kind may have numbers of other types too.
  const base = decodeInfo(metadata, file, GENERATOR_NAMES);
  const { tensors } = decodeSafetensors(bytes, file);
  const process = base.model === "gan" ? undefined : decodeProcess(metadata.process, file);
  const network = build(base, process?.timesteps ?? 1, tensors, file);
  network.loadStateDict(tensors);
  const dropsLabels = metadata.drops_labels === "true";
  return { path: file, network, info: { ...base, ...(process && { process }), dropsLabels } };
}

function build(
  { model, shape }: ModelInfo<GeneratorName>,
  timesteps: number,
  tensors: StateDict,
  file: string,
): Module {
  let stored = 0;
  for (const { values } of tensors.values()) stored += values.length;
  // As with classifiers: a damaged size must not be tried out, it could take all memory.
  const pixels = shape.height * shape.width * shape.channels;
  if (pixels < stored && timesteps < 10 * stored) {
    try {
      return buildGenerator(model, shape, new Random(0, "unused"), timesteps);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw nonsense(file);
}

function decodeProcess(text: string | undefined, file: string): Process {
  try {
    const process: Process = JSON.parse(text ?? "");
    const { timesteps, noise, zeroSnr, prediction, range } = process;
    const [lo, hi] = range;
    if (
      Number.isSafeInteger(timesteps) && timesteps > 0 &&
      NOISES.includes(noise) &&
      typeof zeroSnr === "boolean" &&
      ["velocity", ...PREDICTIONS].includes(prediction) &&
      Number.isFinite(lo) && Number.isFinite(hi) && lo < hi
    ) {
      return process;
    }
  } catch {
    // Falls through to the same error as values that parse but make no sense.
  }
  throw new CheckpointError(
    `Cannot load ${file}: its metadata does not describe a diffusion process`,
  );
}
