/** Reading a command line by its schema. @module */

import { parseArgs } from "../deps.ts";
import { UsageError } from "../errors.ts";
import { nearest } from "./nearest.ts";
import { COMMON_OPTIONS } from "./spec.ts";
import type { CommandSpec, Options, OptionSpec, Parsed } from "./spec.ts";
import { describeValue, isList, readScalar, type Scalar } from "./values.ts";

/**
 * Reads and checks `args` against the schema. `--help` and `--debug` are accepted and left to the
 * caller ({@link isAsked}).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseCommand } from "./parse.ts";
 *
 * const { options } = parseCommand({
 *   name: "cnn",
 *   summary: "Trains a convolutional network.",
 *   examples: [],
 *   options: { epochs: { type: "integer", help: "Passes over the data.", default: 10, min: 1 } },
 * }, ["--epochs", "3"]);
 * assert.equal(options.epochs, 3);
 * ```
 *
 * @throws {UsageError} With one line that names the word, what is allowed, and what to do.
 */
export function parseCommand<const O extends Options>(
  spec: CommandSpec<O>,
  args: readonly string[],
): Parsed<O> {
  const options = new Map<string, OptionSpec>(
    Object.entries({ ...spec.options, ...COMMON_OPTIONS }),
  );
  const refuse = (reason: string): never => {
    throw new UsageError(`Cannot read the options of ${spec.name}: ${reason}`);
  };
  const { values: words, positionals } = parseArgs({
    args: tieValues(options, args, spec.absent ?? {}, refuse),
    options: Object.fromEntries(
      options.keys().map((name) => [name, { type: "string", multiple: true } as const]),
    ),
    allowPositionals: true,
  });

  const values: Record<string, unknown> = {};
  const given = new Set<keyof O & string>();
  for (const [name, option] of options) {
    const texts = words[name] ?? [];
    const value = texts.length > 0
      ? readValue(name, option, texts, refuse)
      : option.default ?? (option.type === "boolean" ? false : undefined);
    if (name in COMMON_OPTIONS) continue;
    values[name] = value;
    if (texts.length > 0) given.add(name);
  }
  checkPositionals(spec, positionals, refuse);
  return { options: values as Parsed<O>["options"], given, positionals };
}

/**
 * Whether a switch that every command has was asked for, even when the rest of the command line is
 * wrong. No value can look like these words, so that they are options wherever they stand.
 */
export function isAsked(name: keyof typeof COMMON_OPTIONS, args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).some((word) =>
    word === `--${name}` || word === `--${name}=true` || (name === "help" && word === "-h")
  );
}

type Refuse = (reason: string) => never;

/**
 * Rewrites every option as `--name=value`. `parseArgs` decides by its looks whether a word is the
 * value of the option before it, and refuses `-1` there. The schema knows better.
 */
function tieValues(
  options: ReadonlyMap<string, OptionSpec>,
  args: readonly string[],
  absent: Readonly<Record<string, string>>,
  refuse: Refuse,
): string[] {
  const tied: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") return [...tied, ...args.slice(i)];
    if (!word.startsWith("-")) {
      tied.push(word);
      continue;
    }
    const { name, option, value, negated } = readOption(word, options) ??
      refuse(unknownOption(word, options, absent));
    if (negated && value !== undefined) {
      refuse(`--no-${name} takes no value, got ${quote(value)}. Write --no-${name} alone.`);
    } else if (value === undefined && option.type === "boolean") {
      tied.push(`--${name}=${!negated}`);
    } else if (value === undefined && isValue(option, args[i + 1])) {
      tied.push(`--${name}=${args[++i]}`);
    } else if (value) {
      tied.push(`--${name}=${value}`);
    } else {
      refuse(`--${name} needs ${describeValue(option)}, got no value.${advice(name, option)}`);
    }
  }
  return tied;
}

/** The parts of a word that is an option, or nothing when the schema does not know it. */
function readOption(word: string, options: ReadonlyMap<string, OptionSpec>) {
  const parts = (word === "-h" ? "--help" : word).match(/^--([^=]+)(?:=(.*))?$/s);
  const [, name = "", value] = parts ?? [];
  const option = options.get(name);
  if (option) return { name, option, value, negated: false };
  const positive = name.replace(/^no-/, "");
  const negated = options.get(positive);
  return negated?.type === "boolean" && positive !== name
    ? { name: positive, option: negated, value, negated: true }
    : undefined;
}

function isValue(option: OptionSpec, word: string | undefined): boolean {
  if (word === undefined || word === "") return false;
  const isNumeric = /^(integer|number)/.test(option.type);
  // No option begins with a digit: a number where a text belongs is told what texts there are.
  return !word.startsWith("-") || (isNumeric ? /^-([\d.]|inf|nan)/i : /^-\d/).test(word);
}

function readValue(
  name: string,
  option: OptionSpec,
  texts: readonly string[],
  refuse: Refuse,
): Scalar | Scalar[] {
  const read = (text: string): Scalar => {
    const value = readScalar(option, text);
    if (value !== undefined) return value;
    const each = isList(option) ? "each value of " : "";
    const rule = `${each}--${name} must be ${describeValue(option)}`;
    return refuse(`${rule}, got ${quote(text)}.${advice(name, option, text)}`);
  };
  if (isList(option)) return texts.flatMap((text) => text.split(",")).map(read);
  if (texts.length > 1) {
    const all = texts.map(quote).join(" and ");
    refuse(`--${name} may be given only once, got ${all}. Keep one of them.`);
  }
  return read(texts[0]!);
}

function checkPositionals(spec: CommandSpec, words: readonly string[], refuse: Refuse): void {
  const { name = "", min = 0, max = 0 } = spec.positionals ?? {};
  if (words.length < min) {
    const needs = min === max ? `${min}` : `at least ${min}`;
    refuse(`it needs ${needs} ${name}, got ${words.length}. (--help shows the usage)`);
  }
  if (words.length > max) {
    const takes = max === 0 ? "no word without an option" : `at most ${max} ${name}`;
    const meant = nearest(words[max]!, Object.keys(spec.options))[0];
    const help = meant ? `Did you mean --${meant}?` : "Take it away.";
    refuse(`it takes ${takes}, got ${quote(words[max]!)}. ${help} (--help shows the usage)`);
  }
}

function unknownOption(
  word: string,
  options: ReadonlyMap<string, OptionSpec>,
  absent: Readonly<Record<string, string>>,
): string {
  const name = word.replace(/^-+/, "").replace(/=.*/s, "");
  if (Object.hasOwn(absent, name)) return `it takes no --${name}: ${absent[name]}`;
  const negations = [...options].filter(([, option]) => option.type === "boolean" && option.default)
    .map(([name]) => `no-${name}`);
  const meant = nearest(name, [...options.keys(), ...negations]).map((near) => `--${near}`);
  const hint = meant.length > 0 ? ` Did you mean ${meant.join(" or ")}?` : "";
  const shown = /^[\w-]{1,40}$/.test(name) ? word.slice(0, word.indexOf(name)) + name : quote(word);
  return `unknown option ${shown}.${hint} (--help lists all)`;
}

function advice(name: string, option: OptionSpec, text = ""): string {
  const choices = "choices" in option ? option.choices ?? [] : [];
  const meant = nearest(text, choices);
  if (text !== "" && meant.length > 0) return ` Did you mean ${meant.join(" or ")}?`;
  if (option.default === undefined) return " (--help explains it)";
  return ` Without it, --${name} is ${option.default}.`;
}

/** The text in quotes on one line, cut when it is long. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}
