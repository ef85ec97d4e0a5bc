/** The help text of a command, written from its schema. @module */

import { wrap } from "../text.ts";
import { type CommandSpec, COMMON_OPTIONS, type OptionSpec } from "./spec.ts";

/** Columns of the text: what every terminal has. */
const WIDTH = 80;
/** Options longer than this have their help on the lines below. */
const MAX_LABEL = 26;

/** The help text of a command: 80 columns where words allow it, no newline at the end. */
export function helpText(spec: CommandSpec): string {
  const rows = [...Object.entries(spec.options), ...Object.entries(COMMON_OPTIONS)]
    .map(([name, option]) => [label(name, option), describe(option)] as const);
  const words = spec.positionals;
  return [
    `Usage: deno task ${spec.name} [options]${words ? ` ${usage(words)}` : ""}`,
    wrap(spec.summary, WIDTH).join("\n"),
    words ? `Arguments:\n${table([[words.name, words.help]])}` : "",
    `Options:\n${table(rows)}`,
    spec.examples.length > 0
      ? `Examples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`
      : "",
  ].filter((part) => part !== "").join("\n\n");
}

function usage({ name, min, max }: NonNullable<CommandSpec["positionals"]>): string {
  const word = max > 1 ? `${name}...` : name;
  return min > 0 ? word : `[${word}]`;
}

function label(name: string, option: OptionSpec): string {
  const short = name === "help" ? "-h, " : "";
  if (option.type === "boolean") return `${short}--${option.default ? "[no-]" : ""}${name}`;
  const value = {
    string: "TEXT",
    path: "PATH",
    integer: "N",
    number: "X",
    strings: "TEXT,...",
    integers: "N,...",
    numbers: "X,...",
  }[option.type];
  return `--${name} ${option.placeholder ?? value}`;
}

function describe(option: OptionSpec): string {
  const notes: string[] = [];
  if ("choices" in option && option.choices) notes.push(`one of ${option.choices.join(", ")}`);
  if (option.default !== undefined) {
    const shown = option.type === "boolean" ? (option.default ? "on" : "off") : option.default;
    notes.push(`default ${shown}`);
  }
  return notes.length > 0 ? `${option.help} (${notes.join("; ")})` : option.help;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const column = Math.min(MAX_LABEL, Math.max(...rows.map(([left]) => left.length))) + 4;
  return rows.map(([left, right]) => {
    const lines = wrap(right, WIDTH - column);
    const first = left.length + 4 <= column ? lines.shift() ?? "" : "";
    const rest = lines.map((line) => " ".repeat(column) + line);
    return [`  ${left}`.padEnd(column) + first, ...rest].map((line) => line.trimEnd()).join("\n");
  }).join("\n");
}
