/** Cutting axes into blocks. @module */

/** The size of a part when `n` is cut into as few as a `limit` above 0 allows, of about one size. */
export function evenParts(n: number, limit: number): number {
  return Math.ceil(n / Math.ceil(n / limit));
}
