/** The kernel matrix of two classes, by rows: computed when they are asked for, and kept for long. @module */

import type { DotProducts } from "./dots.ts";
import type { Kernel } from "./kernel.ts";
import { type PackedRows, rowBytes, unpackRow } from "./packed.ts";

/** The solver goes on reading one row while it asks for another. */
const FEWEST_ROWS = 2;

/**
 * Rows of the kernel matrix of the rows of one class followed by those of another, rounded to
 * float32 as LIBSVM does. The one that was not used for longest makes room for a new one.
 */
export class KernelRows {
  /** How many rows there are, and how many columns. */
  readonly count: number;
  /** `K(t, t)`, not rounded. */
  readonly diagonal: Float64Array;
  readonly #parts: readonly PackedRows[];
  readonly #dots: DotProducts;
  readonly #products: readonly Int32Array[];
  readonly #kernel: Kernel;
  readonly #capacity: number;
  /** By number, the one used last at the end. */
  readonly #kept = new Map<number, Float32Array>();
  readonly #query: Uint8Array;
  readonly #values: Float64Array;

  /**
   * Takes over `dots`, which nobody else may use as long as rows are asked for.
   *
   * @param memory How many bytes the rows that are kept may take.
   */
  constructor(
    first: PackedRows,
    second: PackedRows,
    kernel: Kernel,
    dots: DotProducts,
    memory: number,
  ) {
    this.#parts = [first, second];
    this.#dots = dots;
    this.#products = dots.load(this.#parts);
    this.#kernel = kernel;
    this.count = first.count + second.count;
    this.#capacity = Math.max(FEWEST_ROWS, Math.floor(memory / (4 * this.count)));
    this.#query = new Uint8Array(rowBytes(first.features));
    this.#values = new Float64Array(this.count);
    this.diagonal = new Float64Array(this.count);
    for (let t = 0; t < this.count; t++) {
      const { part, row } = this.#find(t);
      const norm = part.norms.subarray(row, row + 1);
      kernel(norm, norm, norm[0]!, this.diagonal, t);
    }
  }

  /** Row `index`: valid until two other rows have been asked for. */
  row(index: number): Float32Array {
    const kept = this.#kept.get(index);
    if (kept !== undefined) {
      this.#kept.delete(index);
      this.#kept.set(index, kept);
      return kept;
    }
    const row = this.#room();
    this.#compute(index, row);
    this.#kept.set(index, row);
    return row;
  }

  #room(): Float32Array {
    if (this.#kept.size < this.#capacity) return new Float32Array(this.count);
    const [oldest, row] = this.#kept.entries().next().value!;
    this.#kept.delete(oldest);
    return row;
  }

  #compute(index: number, out: Float32Array): void {
    const { part, row } = this.#find(index);
    unpackRow(part, row, this.#query);
    this.#dots.multiply(this.#query);
    let at = 0;
    this.#parts.forEach(({ norms, count }, p) => {
      this.#kernel(this.#products[p]!, norms, part.norms[row]!, this.#values, at);
      at += count;
    });
    out.set(this.#values);
  }

  #find(index: number): { part: PackedRows; row: number } {
    const [first, second] = this.#parts as [PackedRows, PackedRows];
    return index < first.count
      ? { part: first, row: index }
      : { part: second, row: index - first.count };
  }
}
