/** What a checkpoint says of its model, and how that is written in its metadata. @module */

import { DATASET_NAMES } from "../data/catalog.ts";
import type { DatasetName } from "../data/types.ts";
import { CheckpointError } from "../errors.ts";
import type { ImageShape } from "../models/shape.ts";
import { VERSION } from "../version.ts";

/** What a checkpoint says of its model. */
export interface ModelInfo<Name extends string = string> {
  /** Its name: a key of the registry of networks, `svm` or `rf`. */
  readonly model: Name;
  /** Size of its images, number of its classes. */
  readonly shape: ImageShape;
  /** What it was trained on. */
  readonly dataset: DatasetName;
  /** The pixel value of full ink. */
  readonly maxValue: number;
  /** The name of each class. */
  readonly classNames: readonly string[];
}

/** The metadata of a checkpoint. It holds no time and no path: same training, same bytes. */
export function encodeInfo(info: ModelInfo): Record<string, string> {
  return {
    inkling: VERSION,
    model: info.model,
    dataset: info.dataset,
    shape: JSON.stringify(info.shape),
    max_value: String(info.maxValue),
    class_names: JSON.stringify(info.classNames),
  };
}

/**
 * Reads what {@link encodeInfo} wrote.
 *
 * @param metadata The metadata of a checkpoint.
 * @param file What to call it in errors.
 * @param names The models that it may be of.
 * @throws {CheckpointError} When it is of no such model, or makes no sense.
 */
export function decodeInfo<Name extends string>(
  metadata: Readonly<Record<string, string>>,
  file: string,
  names: readonly Name[],
): ModelInfo<Name> {
  const { dataset, shape, max_value, class_names } = metadata;
  const model = names.find((name) => name === metadata.model);
  if (model === undefined) {
    throw new CheckpointError(
      `Cannot load ${file}: the network must be one of ${names.join(", ")}, ` +
        `got ${JSON.stringify(metadata.model ?? "")}. ` +
        (metadata.inkling ? "Take a checkpoint of one of these" : "Was it made by this project?"),
    );
  }
  try {
    const info: ModelInfo<Name> = {
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

/** The error for a checkpoint whose metadata cannot be true. */
export function nonsense(file: string): CheckpointError {
  return new CheckpointError(`Cannot load ${file}: its metadata does not describe a network`);
}
