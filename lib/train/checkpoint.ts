/**
 * Model checkpoints: a network's weights with all that is needed to build it again and to feed it.
 *
 * @module
 */

import { join } from "../deps.ts";
import { DATASET_NAMES } from "../data/catalog.ts";
import type { DatasetName } from "../data/types.ts";
import { CheckpointError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { isModelName, type ModelName, models } from "../models/registry.ts";
import type { ImageShape } from "../models/shape.ts";
import type { Module, StateDict } from "../nn/module.ts";
import { Random } from "../random.ts";
import { VERSION } from "../version.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "./safetensors.ts";

/** What a checkpoint says of its network. */
export interface ModelInfo {
  /** The network, a key of the registry. */
  readonly model: ModelName;
  /** Size of its images, number of its classes. */
  readonly shape: ImageShape;
  /** What it was trained on. */
  readonly dataset: DatasetName;
  /** The pixel value that is scaled to 1; 0 is scaled to −1. */
  readonly maxValue: number;
  /** The name of each class. */
  readonly classNames: readonly string[];
}

/** A checkpoint, loaded. */
export interface LoadedModel {
  /** The file that it came from. */
  readonly path: string;
  /** The network with its weights, on the GPU. */
  readonly network: Module;
  /** What the checkpoint says of it. */
  readonly info: ModelInfo;
}

/** Name of the model inside a run folder. */
export const MODEL_FILE = "model.safetensors";

/**
 * Writes `state` and `info` as a safetensors file. It holds no time and no path, so that the same
 * training gives the same bytes.
 */
export async function saveModel(path: string, state: StateDict, info: ModelInfo): Promise<void> {
  const metadata = {
    // The value that marks a state dict of PyTorch's layouts.
    format: "pt",
    inkling: VERSION,
    model: info.model,
    dataset: info.dataset,
    shape: JSON.stringify(info.shape),
    max_value: String(info.maxValue),
    class_names: JSON.stringify(info.classNames),
  };
  await writeFileAtomic(path, encodeSafetensors({ tensors: state, metadata }));
}

/** Reads a safetensors file. Throws a {@link CheckpointError} when there is none or it is damaged. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new CheckpointError(`Cannot read the checkpoint: there is no file ${path}`);
    }
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    throw new CheckpointError(`Cannot read the checkpoint ${path}: ${error.message}`);
  }
  return decodeSafetensors(bytes, path);
}

/**
 * Loads a network from a checkpoint or from a run folder's {@link MODEL_FILE}.
 *
 * @param path The file or folder.
 * @throws {CheckpointError} When there is none, or it is not one of this project's.
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  const isFolder = await Deno.stat(path).then((stat) => stat.isDirectory, () => false);
  const file = isFolder ? join(path, MODEL_FILE) : path;
  const { tensors, metadata } = await readSafetensors(file);
  const info = parseInfo(metadata, file);
  const network = build(info, tensors, file);
  network.loadStateDict(tensors);
  return { path: file, network, info };
}

function build({ model, shape }: ModelInfo, tensors: StateDict, file: string): Module {
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

function nonsense(file: string): CheckpointError {
  return new CheckpointError(`Cannot load ${file}: its metadata does not describe a network`);
}

function parseInfo(metadata: Readonly<Record<string, string>>, file: string): ModelInfo {
  const { model = "", dataset, shape, max_value, class_names } = metadata;
  if (!isModelName(model)) {
    throw new CheckpointError(
      `Cannot load ${file}: the network must be one of ${Object.keys(models).join(", ")}, ` +
        `got ${JSON.stringify(model)}. Was it made by this project?`,
    );
  }
  try {
    const info: ModelInfo = {
      model,
      dataset: dataset as DatasetName,
      shape: JSON.parse(shape!),
      maxValue: Number(max_value),
      classNames: JSON.parse(class_names!),
    };
    const { height, width, channels, classes } = info.shape;
    const sizes = [height, width, channels, classes, info.maxValue];
    if (
      DATASET_NAMES.includes(info.dataset) &&
      sizes.every((n) => Number.isInteger(n) && n > 0) &&
      info.classNames.length === classes &&
      info.classNames.every((name) => typeof name === "string")
    ) {
      return info;
    }
  } catch {
    // Falls through to the same error as values that parse but make no sense.
  }
  throw nonsense(file);
}
