/** The values of options: what is allowed, and reading them from text. @module */

import type { NumberBounds, OptionSpec } from "./spec.ts";

/** One value of an option, or one element of a list. */
export type Scalar = string | number | boolean;

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Whether an option may be repeated and split at commas. */
export function isList(option: OptionSpec): boolean {
  return option.type === "strings" || option.type === "integers" || option.type === "numbers";
}

/** What a value of this option must be, as a noun phrase such as "a whole number of at least 1". */
export function describeValue(option: OptionSpec): string {
  switch (option.type) {
    case "boolean":
      return "true or false";
    case "integer":
    case "integers":
      return `a whole number${describeBounds(option)}`;
    case "number":
    case "numbers":
      return `a number${describeBounds(option)}`;
    case "path":
      return option.choices
        ? `one of ${option.choices.join(", ")}`
        : "the path of a file or folder";
    default:
      return option.choices ? `one of ${option.choices.join(", ")}` : "a text that is not empty";
  }
}

function describeBounds({ min, max, exclusiveMin, exclusiveMax }: NumberBounds): string {
  if (exclusiveMax) {
    const from = min === undefined ? "" : `${exclusiveMin ? " above" : " of at least"} ${min},`;
    return `${from} below ${max}`;
  }
  if (min === undefined) return max === undefined ? "" : ` of at most ${max}`;
  if (exclusiveMin) return max === undefined ? ` above ${min}` : ` above ${min}, at most ${max}`;
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
}

/** The value that a text stands for, or `undefined` when {@link describeValue} forbids it. */
export function readScalar(option: OptionSpec, text: string): Scalar | undefined {
  switch (option.type) {
    case "boolean":
      return text === "true" || text === "false" ? text === "true" : undefined;
    case "integer":
    case "integers":
    case "number":
    case "numbers":
      return readNumber(option, text, option.type.startsWith("integer"));
    default:
      return text !== "" && (option.choices?.includes(text) ?? true) ? text : undefined;
  }
}

function readNumber(bounds: NumberBounds, text: string, whole: boolean): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  const { min = -Infinity, max = Infinity, exclusiveMin, exclusiveMax } = bounds;
  const finite = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  const aboveMin = exclusiveMin ? value > min : value >= min;
  const belowMax = exclusiveMax ? value < max : value <= max;
  return finite && aboveMin && belowMax ? value : undefined;
}
