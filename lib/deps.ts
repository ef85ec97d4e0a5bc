/**
 * Every package that the project runs on, each with its exact version, and named nowhere else.
 *
 * The specifiers are inline because `deno.json` is not fetched for a script that is run by URL.
 * In a checkout `"links"` in `deno.json` puts the stand-ins of `lib/jsr/` in the place of the two
 * `jsr:` packages, so that a machine that does not reach JSR can work too.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- this is where packages are named

import * as tf from "npm:@tensorflow/tfjs@4.22.0";
// The bare import keeps the backend's kernel registrations: TypeScript drops an import of which it
// sees only types used.
import "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
import { WebGPUBackend } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
import { PNG } from "npm:pngjs@7.0.0";
// Its plain name is CommonJS under `deno run` and a module in a bundle.
import { GIFEncoder } from "npm:gifenc@1.0.3/dist/gifenc.esm.js";

export { GIFEncoder, PNG, tf, WebGPUBackend };
export { parseArgs } from "jsr:@std/cli@1.0.20/parse-args";
export { basename, dirname, extname, isAbsolute, join, resolve } from "jsr:@std/path@1.1.1";
