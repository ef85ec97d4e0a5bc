/** The packages that only tests use, so that nobody who runs or imports the project loads them. @module */

export { default as assert } from "node:assert/strict";
export * as fc from "npm:fast-check@4.10.2";
