/** The life of a task's process, from its command line to its exit status. @module */

import { InklingError } from "../errors.ts";
import { isSystemError } from "../files.ts";
import { asTyped } from "./command.ts";
import { helpText } from "./help.ts";
import { isAsked, parseCommand } from "./parse.ts";
import type { CommandSpec, Options, Parsed } from "./spec.ts";

/** How a process ends after an error. */
export interface Ending {
  /** One line for stderr; empty when nothing is to be said. */
  readonly message: string;
  /** The exit status. */
  readonly exitCode: number;
}

/** The exit status of a process whose reader went away: 128 + SIGPIPE, as shells report it. */
const BROKEN_PIPE = 141;

/**
 * Runs a task as a whole process: reads the command line, prints help, calls `main`, and exits with
 * the status that `main` gives (0 when none), or with one line on stderr for an error: 2 for wrong
 * usage, 1 for any other. `--debug` adds the stack.
 */
export async function runTask<const O extends Options>(
  spec: CommandSpec<O>,
  main: (parsed: Parsed<O>) => number | void | Promise<number | void>,
): Promise<never> {
  const debug = isAsked("debug", Deno.args);
  const fail = (error: unknown): never => {
    const { message, exitCode } = endingOf(error, spec.name);
    if (message !== "") console.error(`error: ${asTyped(message)}`);
    if (message !== "" && debug) console.error(error);
    Deno.exit(exitCode);
  };
  // A promise that nobody waited for ends the task by the same rules.
  globalThis.addEventListener("unhandledrejection", (event) => fail(event.reason));
  globalThis.addEventListener("error", (event) => fail(event.error));
  try {
    if (isAsked("help", Deno.args)) {
      console.log(asTyped(helpText(spec)));
      Deno.exit(0);
    }
    Deno.exit(await main(parseCommand(spec, Deno.args)) ?? 0);
  } catch (error) {
    return fail(error);
  }
}

/** What a task called `name` says after an error, and its exit status. */
export function endingOf(error: unknown, name: string): Ending {
  if (error instanceof InklingError) {
    return { message: oneLine(error.message), exitCode: error.exitCode };
  }
  if (error instanceof Deno.errors.BrokenPipe) return { message: "", exitCode: BROKEN_PIPE };
  const reason = oneLine(error instanceof Error ? error.message : String(error));
  if (error instanceof Deno.errors.NotCapable) {
    return { message: `Cannot run ${name}: ${permissionAdvice(reason)}`, exitCode: 1 };
  }
  if (isSystemError(error)) return { message: `Cannot finish ${name}: ${reason}`, exitCode: 1 };
  const kind = error instanceof Error ? `${error.name}: ` : "";
  return {
    message: `${kind}${reason} (a defect of ${name}; run with --debug for the stack)`,
    exitCode: 1,
  };
}

/** Deno's refusal names the kind and the target; the flag that the user must add holds both. */
function permissionAdvice(reason: string): string {
  const [, kind, target = ""] = reason.match(/^Requires (\w+) access to (.+?), run again/) ?? [];
  if (kind === undefined) return reason;
  if (kind === "all") return `no task may touch ${target}. Choose another path`;
  // Deno's flags split at commas, which cannot be escaped.
  const quoted = target.match(/^"([^,]*)"$/)?.[1];
  const flag = quoted === undefined ? `--allow-${kind}` : `--allow-${kind}=${quoted}`;
  return `it has no ${kind} access to ${target}. Run it with ${flag}`;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*[\n\r\u2028\u2029]\s*/g, " ");
}
