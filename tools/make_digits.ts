/**
 * Makes `data/digits.txt` from scikit-learn's table of the 8x8 digits.
 *
 * ```sh
 * deno run --allow-read --allow-write=data tools/make_digits.ts PATH/digits.csv.gz
 * ```
 *
 * The table is `sklearn/datasets/data/digits.csv.gz`: 1797 rows of 64 pixels 0..16 and a label.
 *
 * @module
 */

import { gunzipSync, gzipSync } from "node:zlib";

const ROWS = 1797;
const PIXELS = 64;

const [path] = Deno.args;
if (path === undefined) throw new TypeError("Cannot make the digits: no path to digits.csv.gz.");

const table = gunzipSync(Deno.readFileSync(path)).toString("ascii").trim().split("\n")
  .map((line) => line.split(",").map(Number));
if (table.length !== ROWS || table.some((row) => row.length !== PIXELS + 1)) {
  throw new TypeError(`Cannot make the digits: ${path} is not ${ROWS} rows of ${PIXELS + 1}.`);
}
const bytes = Uint8Array.from([
  ...table.flatMap((row) => row.slice(0, PIXELS)),
  ...table.flatMap((row) => row.slice(PIXELS)),
]);
const base64 = gzipSync(bytes, { level: 9 }).toString("base64");
const lines = base64.match(/.{1,100}/g) ?? [];
Deno.writeTextFileSync(new URL("../data/digits.txt", import.meta.url), `${lines.join("\n")}\n`);
