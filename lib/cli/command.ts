/**
 * How a task is called. In a checkout that is `deno task cnn`, and texts say so; a task that runs by
 * URL, as a bundle, in an archive or as a program has no such command, and is called as this one is.
 *
 * @module
 */

import { fromFileUrl } from "../deps.ts";

/** Where a task runs. */
export interface Place {
  /** The address of its script. */
  readonly script: string;
  /** The program that runs it. */
  readonly program: string;
  /** Whether that program was compiled from the script. */
  readonly isCompiled: boolean;
}

/** Where this process runs. */
function thisPlace(): Place {
  return {
    script: Deno.mainModule,
    program: Deno.execPath(),
    isCompiled: Deno.build.standalone,
  };
}

/**
 * A text with every `deno task NAME` in it as it is to be typed.
 *
 * @param place Where the task runs. @default where this process runs
 *
 * @example
 * ```ts
 * import { asTyped } from "./command.ts";
 * import assert from "node:assert/strict";
 *
 * const place = { script: "http://host/dist/cnn.js", program: "deno", isCompiled: false };
 * assert.equal(
 *   asTyped("See deno task dit:sample --help", place),
 *   "See deno run [permissions] http://host/dist/dit_sample.js --help",
 * );
 * ```
 */
export function asTyped(text: string, place: Place = thisPlace()): string {
  return text.replaceAll(/\bdeno task (\w+(?::\w+)*)/g, (_, task) => typed(task, place));
}

function typed(task: string, { script, program, isCompiled }: Place): string {
  const file = task.replaceAll(":", "_");
  if (isCompiled) return `./${file}`;
  const own = new URL(script);
  const extension = own.pathname.slice(own.pathname.lastIndexOf("."));
  const isLocal = own.protocol === "file:";
  if (isLocal && extension === ".ts") return `deno task ${task}`;
  const packed = isLocal ? fromFileUrl(new URL("../bin/deno", own)) : undefined;
  if (packed === program) return `./inkling ${task}`;
  if (`${packed}.exe` === program) return `inkling ${task}`;
  const beside = new URL(`${file}${extension}`, own);
  return `deno run [permissions] ${isLocal ? fromFileUrl(beside) : beside.href}`;
}
