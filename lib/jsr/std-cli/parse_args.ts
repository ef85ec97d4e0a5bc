/**
 * A stand-in for `@std/cli/parse-args` on machines that do not reach JSR: the part of its
 * documented behaviour that this project uses, and no more. A checkout links it in the package's
 * place through `"links"` in `deno.json`.
 *
 * @module
 */

/** What {@link parseArgs} is told about the options. */
export interface ParseOptions {
  /** The options whose values are text; `"_"` keeps words without an option text too. */
  string?: readonly string[];
  /** The options of which every value is kept, in a list that is empty when none is given. */
  collect?: readonly string[];
}

/** The values by option name, and under `_` the words that belong to none. */
export interface Args {
  /** The value of an option: its text or texts, or `true` when it has none. */
  [name: string]: unknown;
  /** The words without an option; those that look like numbers are numbers unless told otherwise. */
  _: (string | number)[];
}

const NUMBER = /^(0x[0-9a-f]+|[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?)$/i;

/**
 * Sorts the words of a command line into options (`--name value`, `--name=value`, `--name`) and
 * other words; everything after `--` is other words. Short options are not known here.
 */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const { string = [], collect = [] } = options;
  const parsed: Args = { _: [] };
  for (const name of collect) parsed[name] = [];

  const end = args.indexOf("--");
  const words = end < 0 ? [...args] : args.slice(0, end);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const [, name, inline] = word.match(/^--(.+?)(?:=(.+))?$/s) ?? [];
    if (name === undefined) {
      parsed._.push(string.includes("_") ? word : guess(word));
      continue;
    }
    const next = words[i + 1];
    const takesNext = inline === undefined && next !== undefined && /^[^-]/.test(next);
    if (takesNext) i++;
    const text = inline ?? (takesNext ? next : undefined);
    const isText = string.includes(name);
    const value = isText ? text ?? "" : text === undefined ? true : guess(text);
    if (collect.includes(name)) (parsed[name] as unknown[]).push(value);
    else parsed[name] = value;
  }
  if (end >= 0) parsed._.push(...args.slice(end + 1));
  return parsed;
}

function guess(word: string): string | number {
  return NUMBER.test(word) ? Number(word) : word;
}
