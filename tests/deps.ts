/** The packages that only tests use, so that nobody who runs or imports the project loads them. @module */

// deno-lint-ignore-file no-import-prefix -- this is where packages are named

export { default as assert } from "node:assert/strict";
export * as fc from "npm:fast-check@4.10.2";
