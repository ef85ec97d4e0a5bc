/** The part of a file that a request asks for, by RFC 9110, section 14. @module */

/** A part of a file, or that there is none such. */
export type Range = { readonly from: number; readonly bytes: number } | "unsatisfiable";

/**
 * Reads a `Range` header.
 *
 * @param total The length of the file in bytes.
 * @returns The part; or nothing when the whole file is the answer: without the header, and for what
 * it may ignore, which is several ranges, another unit, and nonsense.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readRange } from "./range.ts";
 *
 * assert.deepEqual(readRange("bytes=2-3", 10), { from: 2, bytes: 2 });
 * assert.deepEqual(readRange("bytes=-3", 10), { from: 7, bytes: 3 });
 * assert.equal(readRange("bytes=10-", 10), "unsatisfiable");
 * ```
 */
export function readRange(header: string | null, total: number): Range | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/i.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const bytes = Math.min(Number(last), total);
    return bytes === 0 ? "unsatisfiable" : { from: total - bytes, bytes };
  }
  const from = Number(first);
  const end = last === "" ? total : Math.min(Number(last) + 1, total);
  if (last !== "" && Number(last) < from) return undefined;
  return from >= total ? "unsatisfiable" : { from, bytes: end - from };
}
