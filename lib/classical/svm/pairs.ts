/** One-against-one: the pairs of classes, in the order of LIBSVM and scikit-learn. @module */

/** The pairs `[0, 1], [0, 2], …, [classes − 2, classes − 1]`. */
export function classPairs(classes: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let first = 0; first < classes; first++) {
    for (let second = first + 1; second < classes; second++) pairs.push([first, second]);
  }
  return pairs;
}

/**
 * The class with the most votes; of several, the first. A positive decision votes for the first
 * class of its pair, any other for the second.
 *
 * @param decisions One for each of {@link classPairs}.
 * @param pairs Those pairs.
 * @param votes Room for one number for each class.
 */
export function vote(
  decisions: Float64Array,
  pairs: readonly (readonly [number, number])[],
  votes: Int32Array,
): number {
  votes.fill(0);
  pairs.forEach(([first, second], pair) => votes[decisions[pair]! > 0 ? first : second]!++);
  let winner = 0;
  for (let k = 1; k < votes.length; k++) if (votes[k]! > votes[winner]!) winner = k;
  return winner;
}
