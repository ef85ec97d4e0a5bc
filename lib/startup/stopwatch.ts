/** Times a program from its start to a line that it writes. @module */

import { InklingError } from "../errors.ts";

/** A program to be timed. */
export interface Timed {
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** The folder where it is run. */
  readonly cwd: string;
  /** What is added to the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the line holds, on stdout or stderr. */
  readonly mark: RegExp;
}

/**
 * The seconds from the start of a program to the line; the program then goes on to its end.
 *
 * @throws {InklingError} When it fails, or never writes the line.
 */
export async function secondsUntil({ words, cwd, env, mark }: Timed): Promise<number> {
  const [program = "", ...args] = words;
  const started = performance.now();
  const child = new Deno.Command(program, {
    args,
    cwd,
    env: { ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let seconds: number | undefined;
  let text = "";
  const watch = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (seconds === undefined && mark.test(text)) seconds = (performance.now() - started) / 1000;
    }
  };
  await Promise.all([watch(child.stdout), watch(child.stderr)]);
  const { success } = await child.status;
  if (success && seconds !== undefined) return seconds;
  const end = text.trimEnd().split("\n").at(-1) ?? "";
  throw new InklingError(
    `Cannot time ${words.join(" ")}: it comes to ${mark}, got ${JSON.stringify(end)}.`,
  );
}
