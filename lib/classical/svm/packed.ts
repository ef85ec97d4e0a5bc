/**
 * Rows of bytes in the order in which {@link DotProducts} reads them.
 *
 * A dot product skips the features that are zero in one row, which in drawn digits are four of five,
 * and has vector instructions for the rest. Both at once want the same feature of many rows side by
 * side: groups of up to 1024 rows, in a group the pairs of neighbouring features in turn, in a pair
 * the rows in turn. Thousands of rows lie outside the processor's caches, and are then read two to
 * three times as fast in runs of 2 KiB as in the runs of 64 bytes that groups of 32 rows make.
 *
 * @module
 */

/** How many rows are multiplied together; the last group is filled up to a multiple of it. */
export const BLOCK_ROWS = 32;

/** How many rows a group has, but for the last one. */
export const GROUP_ROWS = 1024;

/** The most features whose dot product of bytes surely fits into 31 bits. */
export const MAX_FEATURES = Math.floor((2 ** 31 - 1) / 255 ** 2);

/** Rows of bytes, packed. Rows of zeros fill the last group, a zero fills an odd row. */
export interface PackedRows {
  /** The bytes, `[group][pair of features][row of the group][2]`. */
  readonly bytes: Uint8Array;
  /** The squared length of each row. */
  readonly norms: Int32Array;
  /** How many rows there are. */
  readonly count: number;
  /** How many features a row has, at most {@link MAX_FEATURES}. */
  readonly features: number;
}

/** How many rows there are with those that fill the last group. */
export function paddedCount(count: number): number {
  return Math.ceil(count / BLOCK_ROWS) * BLOCK_ROWS;
}

/** How many rows the group that begins with row `first` of `padded` rows has. */
export function groupRows(padded: number, first: number): number {
  return Math.min(GROUP_ROWS, padded - first);
}

/** How many bytes a row takes. */
export function rowBytes(features: number): number {
  return 2 * Math.ceil(features / 2);
}

/**
 * Packs the rows with the given numbers into memory that workers can share.
 *
 * @param rows Bytes, shape `(any, features)`.
 * @param indices Which rows, in which order.
 */
export function packRows(
  rows: Uint8Array,
  features: number,
  indices: ArrayLike<number>,
): PackedRows {
  const count = indices.length;
  const bytes = new Uint8Array(new SharedArrayBuffer(paddedCount(count) * rowBytes(features)));
  const norms = new Int32Array(new SharedArrayBuffer(4 * count));
  const packed = { bytes, norms, count, features };
  for (let row = 0; row < count; row++) {
    const source = indices[row]! * features;
    const { start, stride } = place(packed, row);
    let norm = 0;
    for (let feature = 0; feature < features; feature++) {
      const value = rows[source + feature]!;
      if (value === 0) continue;
      bytes[start + (feature >> 1) * stride + (feature & 1)] = value;
      norm += value * value;
    }
    norms[row] = norm;
  }
  return packed;
}

/** Writes row `row` to `out`, of {@link rowBytes} bytes. */
export function unpackRow(packed: PackedRows, row: number, out: Uint8Array): void {
  const { bytes, features } = packed;
  const { start, stride } = place(packed, row);
  for (let feature = 0, at = start; feature < features; feature += 2, at += stride) {
    out[feature] = bytes[at]!;
    out[feature + 1] = bytes[at + 1]!;
  }
}

/** Where the first pair of a row is, and how far it is from each pair to the next. */
function place({ count, features }: PackedRows, row: number): { start: number; stride: number } {
  const first = row - row % GROUP_ROWS;
  const start = first * rowBytes(features) + 2 * (row - first);
  return { start, stride: 2 * groupRows(paddedCount(count), first) };
}
