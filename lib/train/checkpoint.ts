/**
 * Model checkpoints: a network's weights with all that is needed to build it again and to feed it.
 *
 * @module
 */

import { join } from "../deps.ts";
import { CheckpointError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { type ModelName, models } from "../models/registry.ts";
import type { Module, StateDict } from "../nn/module.ts";
import { Random } from "../random.ts";
import { decodeInfo, encodeInfo, type ModelInfo, nonsense } from "./model_info.ts";
import {
  decodeSafetensors,
  type EncodeOptions,
  encodeSafetensors,
  type SafetensorsFile,
} from "./safetensors.ts";

/** A checkpoint, loaded. */
export interface LoadedModel {
  /** The file that it came from. */
  readonly path: string;
  /** The network with its weights, on the GPU. */
  readonly network: Module;
  /** What the checkpoint says of it. */
  readonly info: ModelInfo<ModelName>;
}

/** A checkpoint that ships with the project. */
export interface ShippedCheckpoint {
  /** What to call it. */
  readonly name: string;
  /** The safetensors file in base64. */
  readonly base64: string;
}

/** Name of the model inside a run folder. */
export const MODEL_FILE = "model.safetensors";

/**
 * Writes `state` and `info` as a safetensors file. It holds no time and no path, so that the same
 * training gives the same bytes.
 *
 * @param path The file.
 * @param state The weights.
 * @param info What to say of them.
 * @param options `dtype: "float16"` makes a file of half the size.
 * @throws {RangeError} When a weight is too large for float16.
 */
export async function saveModel(
  path: string,
  state: StateDict,
  info: ModelInfo<ModelName>,
  options: EncodeOptions = {},
): Promise<void> {
  await writeFileAtomic(path, encodeModel(state, info, options));
}

/** The file that {@link saveModel} writes. */
export function encodeModel(
  state: StateDict,
  info: ModelInfo<ModelName>,
  options: EncodeOptions = {},
): Uint8Array<ArrayBuffer> {
  // The value that marks a state dict of PyTorch's layouts.
  const metadata = { format: "pt", ...encodeInfo(info) };
  return encodeSafetensors({ tensors: state, metadata }, options);
}

/** The model of a run folder, or the file itself. */
export async function modelFile(path: string): Promise<string> {
  const isFolder = await Deno.stat(path).then((stat) => stat.isDirectory, () => false);
  return isFolder ? join(path, MODEL_FILE) : path;
}

/**
 * Reads a safetensors file of the state of a network.
 *
 * @throws {CheckpointError} When there is none or it is damaged.
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  return decodeSafetensors(await readCheckpoint(path), path);
}

/** Reads the bytes of a checkpoint. Throws a {@link CheckpointError} when there is none. */
export async function readCheckpoint(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new CheckpointError(`Cannot read the checkpoint: there is no file ${path}`);
    }
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    throw new CheckpointError(`Cannot read the checkpoint ${path}: ${error.message}`);
  }
}

/**
 * Loads a network from a checkpoint or from a run folder's {@link MODEL_FILE}.
 *
 * @param path The file or folder.
 * @throws {CheckpointError} When there is none, or it is not one of this project's.
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  const file = await modelFile(path);
  return decodeModel(await readCheckpoint(file), file);
}

/**
 * Loads a network from the bytes of a checkpoint.
 *
 * @param bytes The content of a safetensors file.
 * @param file What to call it.
 * @throws {CheckpointError} When it is damaged, or not one of this project's.
 */
export function decodeModel(bytes: Uint8Array<ArrayBuffer>, file: string): LoadedModel {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const info = decodeInfo(metadata, file, Object.keys(models) as ModelName[]);
  const network = build(info, tensors, file);
  network.loadStateDict(tensors);
  return { path: file, network, info };
}

function build({ model, shape }: ModelInfo<ModelName>, tensors: StateDict, file: string): Module {
  let stored = 0;
  for (const { values } of tensors.values()) stored += values.length;
  // Every network has more weights than its images have pixels. A damaged size must not be tried
  // out: it could take all memory.
  if (shape.height * shape.width * shape.channels < stored) {
    try {
      return models[model].build(shape, new Random(0, "unused"));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw nonsense(file);
}
