/** Which classes to draw. @module */

import { UsageError } from "../errors.ts";

/**
 * The classes that `--labels` names.
 *
 * @param words Class numbers and ranges of them, such as `7`, `0-9`.
 * @param classes How many classes there are.
 * @throws {UsageError} When a word is neither, or names a class that is not there.
 */
export function parseLabels(words: readonly string[], classes: number): number[] {
  return words.flatMap((word) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(word.trim()) ?? [];
    const from = Number(first);
    const to = Number(last);
    if (!(from <= to && to < classes)) {
      throw new UsageError(
        `Cannot draw these classes: --labels takes numbers from 0 to ${classes - 1} and ranges ` +
          `such as 0-${classes - 1}, got ${word}`,
      );
    }
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
