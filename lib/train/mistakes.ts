/** The test images that a network took for something else, on one sheet. @module */

import type { Dataset } from "../data/types.ts";
import { imageGrid } from "../viz/grid.ts";
import type { Predictions } from "./evaluate.ts";

/** Images shown at most. */
const MOST = 40;
/** A caption of more characters than this takes two lines, so that eight still fit on a page. */
const LONG = 7;

/** A mistake under its image: `4→9`, or on two lines where the names are long. */
export function mistakeCaption(truth: string, taken: string): string {
  const line = `${truth}→${taken}`;
  return line.length > LONG ? `${truth}\n→${taken}` : line;
}

/**
 * Draws the misclassified test images, the most confident mistakes first, as "truth → prediction".
 *
 * @param predictions What the network says of all test images.
 * @returns The bytes of a PNG file; nothing when there is no mistake.
 */
export function drawMistakes(
  { test, maxValue, classNames }: Dataset,
  { classes, probabilities }: Predictions,
): Uint8Array | undefined {
  const confidence = (i: number) => probabilities[i * classNames.length + classes[i]!]!;
  const wrong = Array.from(classes.keys())
    .filter((i) => classes[i] !== test.labels[i])
    .sort((a, b) => confidence(b) - confidence(a))
    .slice(0, MOST);
  if (wrong.length === 0) return undefined;
  const size = test.height * test.width;
  const images = new Uint8Array(wrong.length * size);
  wrong.forEach((index, k) =>
    images.set(test.images.subarray(index * size, (index + 1) * size), k * size)
  );
  const caption = (i: number) => {
    const [truth, taken] = [classNames[test.labels[i]!]!, classNames[classes[i]!]!];
    return `${mistakeCaption(truth, taken)}\n${(confidence(i) * 100).toFixed(0)} %`;
  };
  return imageGrid({
    images,
    count: wrong.length,
    height: test.height,
    width: test.width,
    maxValue,
    columns: Math.min(8, wrong.length),
    captions: wrong.map(caption),
  });
}
