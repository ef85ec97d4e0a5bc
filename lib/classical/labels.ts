/** The labels that the classical classifiers learn. @module */

import { DataError } from "../errors.ts";

/** How many classes there are: the digits, or Fashion-MNIST's garments. */
export const CLASSES = 10;

/**
 * Checks that labels are classes.
 *
 * @param labels The labels, shape `(count)`.
 * @param action What cannot be done otherwise, such as `grow a forest`.
 * @throws {DataError} When one is not `0..9`.
 */
export function checkLabels(labels: Uint8Array, action: string): void {
  const wrong = labels.findIndex((label) => label >= CLASSES);
  if (wrong >= 0) {
    throw new DataError(
      `Cannot ${action}: labels are 0 to ${CLASSES - 1}, got ${labels[wrong]} at ${wrong}. ` +
        "Number the classes from 0.",
    );
  }
}
