/**
 * Exact dot products of one row of bytes with many, in 32-bit integers.
 *
 * Most of the time of a support vector machine goes here. On digits of 28x28 pixels a product takes
 * 12 ns for rows in the processor's caches and 25 to 45 for 12 000 rows, where a loop in JavaScript
 * over the pixels that are not zero takes 150. Integers make the order of the additions irrelevant:
 * every way to compute them gives the same bits.
 *
 * @module
 */

import { BLOCK_ROWS, groupRows, type PackedRows, paddedCount, rowBytes } from "./packed.ts";
import { assemble, type Code, doWhile, i32, local, v128 } from "./wasm.ts";

const PAGE = 65_536;
/** An entry of the query: the number of a pair of features, then its two values of 16 bits. */
const ENTRY_BYTES = 8;
/** A vector holds one pair of features of four rows. */
const ROWS_PER_VECTOR = 4;
const VECTORS = BLOCK_ROWS / ROWS_PER_VECTOR;
const CACHE_LINE = 64;

/** Multiplies one group of rows; addresses are in bytes. */
type DotKernel = (
  entries: number,
  endOfEntries: number,
  group: number,
  endOfFirstPair: number,
  pairBytes: number,
  out: number,
) => void;

let compiled: WebAssembly.Module | undefined;

/**
 * The kernel, a block of rows after the other:
 *
 * ```
 * block = group
 * do {
 *   sums[0..7] = 0                                       // vectors of 4 rows
 *   entry = entries
 *   do {
 *     rows = block + entry.pair * pairBytes
 *     sums[v] += dot(rows[v], entry.values)              // v = 0..7
 *   } while (++entry < endOfEntries)
 *   out[v] = sums[v]; out += 8 vectors
 * } while ((block += 8 vectors) < endOfFirstPair)
 * ```
 */
function kernelModule(): WebAssembly.Module {
  const [entries, endOfEntries, block, endOfFirstPair, pairBytes, out] = [0, 1, 2, 3, 4, 5];
  const [entry, rows, values] = [6, 7, 8];
  const sum = (vector: number) => 9 + vector;
  const forEachVector = (code: (vector: number) => Code) =>
    Array.from({ length: VECTORS }, (_, vector) => code(vector)).flat();
  const increase = (index: number, by: number): Code => [
    ...local.get(index),
    ...i32.const(by),
    ...i32.add,
    ...local.set(index),
  ];
  const lessThan = (a: number, b: number): Code => [
    ...local.get(a),
    ...local.get(b),
    ...i32.lessThan,
  ];

  const addPair: Code = [
    ...local.get(block),
    ...local.get(entry),
    ...i32.load(),
    ...local.get(pairBytes),
    ...i32.multiply,
    ...i32.add,
    ...local.set(rows),
    ...local.get(entry),
    ...v128.load32Splat(4),
    ...local.set(values),
    ...forEachVector((vector) => [
      ...local.get(rows),
      ...v128.load8x8(vector * 2 * ROWS_PER_VECTOR),
      ...local.get(values),
      ...v128.dot16,
      ...local.get(sum(vector)),
      ...v128.add32,
      ...local.set(sum(vector)),
    ]),
    ...increase(entry, ENTRY_BYTES),
  ];
  const multiplyBlock: Code = [
    ...forEachVector((vector) => [...v128.zero, ...local.set(sum(vector))]),
    ...local.get(entries),
    ...local.set(entry),
    ...doWhile(addPair, lessThan(entry, endOfEntries)),
    ...forEachVector((vector) => [
      ...local.get(out),
      ...local.get(sum(vector)),
      ...v128.store(vector * 4 * ROWS_PER_VECTOR),
    ]),
    ...increase(out, 4 * BLOCK_ROWS),
    ...increase(block, 2 * BLOCK_ROWS),
  ];
  return new WebAssembly.Module(assemble({
    name: "dots",
    parameters: 6,
    locals: { i32: 2, v128: 1 + VECTORS },
    body: doWhile(multiplyBlock, lessThan(block, endOfFirstPair)),
  }));
}

/** Where a group of rows is in the memory of the kernel, and where its products go. */
interface Group {
  readonly at: number;
  readonly pairBytes: number;
  readonly out: number;
}

/** Rows in the memory of a WebAssembly instance, ready to be multiplied. */
export class DotProducts {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #kernel: DotKernel;
  #features = 0;
  #entries: Int32Array = new Int32Array();
  #products: Int32Array = new Int32Array();
  #groups: Group[] = [];

  /** Holds no rows yet. */
  constructor() {
    compiled ??= kernelModule();
    const imports = { env: { memory: this.#memory } };
    this.#kernel = new WebAssembly.Instance(compiled, imports).exports["dots"] as DotKernel;
  }

  /**
   * Replaces the rows that are held by those of `parts`, one part after the other.
   *
   * @param parts At least one row, all of as many features.
   * @returns For each part the products of its rows, which {@link DotProducts.multiply} fills.
   */
  load(parts: readonly PackedRows[]): Int32Array[] {
    this.#features = parts[0]!.features;
    const width = rowBytes(this.#features);
    const entryBytes = ENTRY_BYTES * width / 2;
    const rows = parts.reduce((sum, { count }) => sum + paddedCount(count), 0);
    const rowsAt = Math.ceil((entryBytes + 4 * rows) / CACHE_LINE) * CACHE_LINE;
    const missing = rowsAt + rows * width - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));

    const { buffer } = this.#memory;
    this.#entries = new Int32Array(buffer, 0, entryBytes / 4);
    this.#products = new Int32Array(buffer, entryBytes, rows);
    this.#groups = [];
    const bytes = new Uint8Array(buffer);
    let row = 0;
    return parts.map((part) => {
      bytes.set(part.bytes, rowsAt + row * width);
      const products = this.#products.subarray(row, row + part.count);
      const padded = paddedCount(part.count);
      for (let first = 0; first < padded;) {
        const size = groupRows(padded, first);
        this.#groups.push({
          at: rowsAt + row * width,
          pairBytes: 2 * size,
          out: entryBytes + 4 * row,
        });
        first += size;
        row += size;
      }
      return products;
    });
  }

  /**
   * Multiplies `query` by every row that is held.
   *
   * @param query As many bytes as a row has features; if that is odd, one more, which is 0.
   */
  multiply(query: Uint8Array): void {
    let used = 0;
    for (let feature = 0; feature < this.#features; feature += 2) {
      const values = query[feature]! | (query[feature + 1]! << 16);
      if (values === 0) continue;
      this.#entries[used++] = feature >> 1;
      this.#entries[used++] = values;
    }
    if (used === 0) {
      this.#products.fill(0);
      return;
    }
    for (const { at, pairBytes, out } of this.#groups) {
      this.#kernel(0, 4 * used, at, at + pairBytes, pairBytes, out);
    }
  }
}
