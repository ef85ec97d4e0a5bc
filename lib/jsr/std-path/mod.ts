/**
 * A stand-in for `@std/path` on machines that do not reach JSR: the functions that this project
 * uses, from the runtime's own path module. A checkout links it in the package's place through
 * `"links"` in `deno.json`.
 *
 * @module
 */

export { basename, dirname, extname, isAbsolute, join, resolve } from "node:path";
