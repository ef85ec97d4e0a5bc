/**
 * Every package that the project runs on, each with its exact version, and named nowhere else.
 *
 * The specifiers are inline because `deno.json` is not fetched for a script that is run by URL.
 * All packages come from npm, of which closed networks have a mirror; paths and the words of a
 * command line are left to the runtime's own modules.
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
export { parseArgs } from "node:util";
export { basename, dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
export { fileURLToPath as fromFileUrl } from "node:url";
