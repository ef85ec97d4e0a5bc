/** What a classifier says of drawn images. @module */

import type { ImageSet } from "../data/types.ts";
import { UsageError } from "../errors.ts";
import type { ImageShape } from "../models/shape.ts";
import { type Classifier, loadClassifier } from "../train/classifier.ts";
import { accuracyOf } from "../train/evaluate.ts";
import type { Drawn } from "./pictures.ts";

/** The probability from which on a classifier is called sure. */
export const SURE = 0.9;

/** What a classifier says of drawn images. */
export interface Judgement {
  /** The share that it takes for the class asked for; `null` where none was asked for. */
  readonly asked: number | null;
  /** The share whose most probable class has a probability of {@link SURE} or more. */
  readonly sure: number;
  /** How many images it takes for each class. */
  readonly counts: readonly number[];
}

/**
 * Loads a classifier of a generator's images.
 *
 * @param path The classifier's run folder or checkpoint.
 * @param shape What the generator draws: size of its images, number of its classes.
 * @throws {UsageError} When the classifier reads other images.
 * @throws {CheckpointError} When there is no such classifier.
 */
export async function loadJudge(
  path: string,
  shape: ImageShape,
): Promise<Classifier> {
  const classifier = await loadClassifier(path);
  const { height, width, classes } = classifier.info.shape;
  if (height === shape.height && width === shape.width && classes === shape.classes) {
    return classifier;
  }
  classifier.dispose();
  throw new UsageError(
    `Cannot judge with ${classifier.path}: it must read images of ${shape.height}x${shape.width}, ` +
      `got one for ${height}x${width}`,
  );
}

/**
 * Has a classifier read drawn images. It knows nothing but its classes: of noise it may be sure too.
 *
 * @param classifier From {@link loadJudge}.
 * @param drawn What was drawn; the classifier reads it in whole steps of its pixels.
 * @param labels What was asked for, image by image; `undefined` where the generator knows no classes.
 */
export async function judge(
  classifier: Classifier,
  { images, height, width, range: [lo, hi] }: Drawn,
  labels: readonly number[] | undefined,
): Promise<Judgement> {
  const { shape, maxValue } = classifier.info;
  const count = images.length / (height * width);
  const set: ImageSet = {
    images: Uint8Array.from(images, (value) => {
      const share = Math.min(1, Math.max(0, (value - lo) / (hi - lo)));
      return Math.round(share * maxValue);
    }),
    labels: Uint8Array.from(labels ?? new Uint8Array(count)),
    count,
    height,
    width,
  };
  const { classes, probabilities } = await classifier.predict(set);
  const counts = new Array<number>(shape.classes).fill(0);
  let sure = 0;
  classes.forEach((name, i) => {
    counts[name]!++;
    if (probabilities[i * shape.classes + name]! >= SURE) sure++;
  });
  return { asked: labels ? accuracyOf(classes, set.labels) : null, sure: sure / count, counts };
}

/** A judgement in words, in lines. */
export function judgementText(
  { asked, sure, counts }: Judgement,
  classNames: readonly string[],
): string {
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  const lines = [
    `the classifier is sure of ${percent(sure)} of them; it takes them for ` +
    counts.map((count, i) => `${classNames[i]}: ${count}`).join(", "),
  ];
  if (asked !== null) lines.unshift(`${percent(asked)} of them are what was asked for`);
  return lines.join("\n");
}
