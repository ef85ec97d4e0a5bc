/** What a classifier says of drawn images. @module */

import type { ImageSet } from "../data/types.ts";
import { UsageError } from "../errors.ts";
import { loadClassifier } from "../train/classifier.ts";
import { accuracyOf } from "../train/evaluate.ts";
import type { GeneratorInfo } from "./checkpoint.ts";
import type { Drawn } from "./pictures.ts";

/**
 * The share of images that a classifier takes for the class asked for.
 *
 * @param path The classifier's run folder or checkpoint.
 * @param info The generator that drew.
 * @param drawn What it drew; the classifier reads it in whole steps of its pixels.
 * @param labels What was asked for, image by image.
 * @throws {UsageError} When no class was asked for, or the classifier reads other images.
 * @throws {CheckpointError} When there is no such classifier.
 */
export async function judge(
  path: string,
  info: GeneratorInfo,
  { images, height, width, range: [lo, hi] }: Drawn,
  labels: readonly number[] | undefined,
): Promise<number> {
  if (!labels) {
    throw new UsageError(`Cannot judge ${info.model}: no class was asked for, got --judge ${path}`);
  }
  const classifier = await loadClassifier(path);
  const { shape, maxValue } = classifier.info;
  if (shape.height !== height || shape.width !== width || shape.classes !== info.shape.classes) {
    throw new UsageError(
      `Cannot judge with ${classifier.path}: it must read images of ${height}x${width}, got one ` +
        `for ${shape.height}x${shape.width}`,
    );
  }
  const set: ImageSet = {
    images: Uint8Array.from(images, (value) => {
      const share = Math.min(1, Math.max(0, (value - lo) / (hi - lo)));
      return Math.round(share * maxValue);
    }),
    labels: Uint8Array.from(labels),
    count: labels.length,
    height,
    width,
  };
  const { classes } = await classifier.predict(set);
  classifier.dispose();
  return accuracyOf(classes, set.labels);
}
