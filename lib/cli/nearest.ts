/** Finding what somebody meant who typed something else. @module */

/**
 * How many single-letter slips lie between two words: insertions, deletions, substitutions and
 * swaps of neighbours, no letter touched twice (optimal string alignment, Damerau 1964).
 */
export function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      let best = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      }
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/**
 * The candidates that `word` was most likely meant to be: those with the fewest slips, several when
 * they tie, none when nothing is near. Case and the marks between words do not count, and the
 * beginning of a name or one of its words is near it: `batch` and `batchSize` find `batch-size`.
 */
export function nearest(word: string, candidates: readonly string[]): readonly string[] {
  // No name is that long, and the distance takes quadratic time.
  if (word.length > 64) return [];
  const typed = letters(word);
  const near = candidates
    .map((name) => ({ name, slips: editDistance(typed, letters(name)) }))
    .filter(({ name, slips }) => {
      const longer = Math.max(typed.length, letters(name).length);
      return slips <= Math.max(1, Math.floor(longer / 3)) || isPartOf(word, name);
    });
  const fewest = Math.min(...near.map(({ slips }) => slips));
  return near.filter(({ slips }) => slips === fewest).map(({ name }) => name);
}

function isPartOf(word: string, name: string): boolean {
  const typed = letters(word);
  if (typed.length < 2) return false;
  return letters(name).startsWith(typed) || name.toLowerCase().split("-").includes(typed);
}

function letters(word: string): string {
  return word.toLowerCase().replaceAll(/[-_. ]/g, "");
}
