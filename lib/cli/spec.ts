/** What a command line may hold: the schema of parsing, validation and help text. @module */

/** An option with one text, such as a name or the path of a file. */
export interface TextOption {
  /** `"path"` marks a file or folder; it reads the same as `"string"`. */
  readonly type: "string" | "path";
  /** What the option is for, in one or two sentences. */
  readonly help: string;
  /** The word that stands for the value in the help text. @default `"TEXT"` or `"PATH"` */
  readonly placeholder?: string;
  /** The value when the option is not given. */
  readonly default?: string;
  /** The only texts allowed. @default any text that is not empty */
  readonly choices?: readonly string[];
}

/** The bounds of a number. */
export interface NumberBounds {
  /** The least value allowed. @default no bound */
  readonly min?: number;
  /** Whether `min` itself is refused. @default false */
  readonly exclusiveMin?: boolean;
  /** The greatest value allowed. @default no bound */
  readonly max?: number;
  /** Whether `max` itself is refused. @default false */
  readonly exclusiveMax?: boolean;
}

/** An option with one finite number; `"integer"` takes safe whole numbers only. */
export interface NumberOption extends NumberBounds {
  /** Which numbers. */
  readonly type: "integer" | "number";
  /** What the option is for, in one or two sentences. */
  readonly help: string;
  /** The word that stands for the value in the help text. @default `"N"` or `"X"` */
  readonly placeholder?: string;
  /** The value when the option is not given. */
  readonly default?: number;
}

/** An option that is on or off: `--name` or `--no-name`. */
export interface SwitchOption {
  /** Marks a switch. */
  readonly type: "boolean";
  /** What the option is for, in one or two sentences. */
  readonly help: string;
  /** The value when the option is not given. @default false */
  readonly default?: boolean;
}

/** An option with several texts, separated by commas, by repeating the option, or both. */
export interface TextListOption {
  /** Marks a list of texts. */
  readonly type: "strings";
  /** What the option is for, in one or two sentences. */
  readonly help: string;
  /** The word that stands for the values in the help text. @default `"TEXT,..."` */
  readonly placeholder?: string;
  /** The value when the option is not given. */
  readonly default?: readonly string[];
  /** The only texts allowed. @default any text that is not empty */
  readonly choices?: readonly string[];
}

/** An option with several numbers, separated by commas, by repeating the option, or both. */
export interface NumberListOption extends NumberBounds {
  /** Which numbers; the bounds hold for each. */
  readonly type: "integers" | "numbers";
  /** What the option is for, in one or two sentences. */
  readonly help: string;
  /** The word that stands for the values in the help text. @default `"N,..."` or `"X,..."` */
  readonly placeholder?: string;
  /** The value when the option is not given. */
  readonly default?: readonly number[];
}

/** One option of a command. */
export type OptionSpec =
  | TextOption
  | NumberOption
  | SwitchOption
  | TextListOption
  | NumberListOption;

/**
 * The options of a command by long name without dashes, such as `"batch-size"`: small letters,
 * digits and single dashes, at least two characters, not beginning with `no-`; or a capital letter,
 * where that is the field's name, such as `"C"`.
 */
export type Options = Readonly<Record<string, OptionSpec>>;

/** The words of a command line that belong to no option. */
export interface PositionalSpec {
  /** The word that stands for one of them in the help text. */
  readonly name: string;
  /** What they are for, in one or two sentences. */
  readonly help: string;
  /** The least number of them. */
  readonly min: number;
  /** The greatest number of them; may be `Infinity`. */
  readonly max: number;
}

/**
 * A command: the single source of its parsing, validation and help text. Every command has
 * `--help` (`-h`) and `--debug` besides the options named here.
 */
export interface CommandSpec<O extends Options = Options> {
  /** What follows `deno task`, such as `"cnn"`. */
  readonly name: string;
  /** What the command does, in a few sentences. */
  readonly summary: string;
  /** Whole command lines, as a person would type them. */
  readonly examples: readonly string[];
  /** The options by long name. */
  readonly options: O;
  /** Options of its siblings that make no sense here, by long name, and why. @default none */
  readonly absent?: Readonly<Record<string, string>>;
  /** The words without an option. @default none allowed */
  readonly positionals?: PositionalSpec;
}

/** The type of a value that was given: the union of the option's choices where it has some. */
export type GivenValue<S extends OptionSpec> = S extends { readonly choices: readonly (infer C)[] }
  ? S extends TextListOption ? readonly C[] : C
  : S extends NumberOption ? number
  : S extends NumberListOption ? readonly number[]
  : S extends TextListOption ? readonly string[]
  : string;

/** The type of an option's value: `undefined` only without a default, and never for a switch. */
export type OptionValue<S extends OptionSpec> = S extends SwitchOption ? boolean
  : S extends { readonly default: unknown } ? GivenValue<S>
  : GivenValue<S> | undefined;

/** A command line, read and checked. */
export interface Parsed<O extends Options = Options> {
  /** The value of every option, given or default. */
  readonly options: { readonly [Name in keyof O]: OptionValue<O[Name]> };
  /** The options that stood on the command line. */
  readonly given: ReadonlySet<keyof O & string>;
  /** The words without an option, in order. */
  readonly positionals: readonly string[];
}

/** The options of every command. */
export const COMMON_OPTIONS = {
  debug: { type: "boolean", help: "Print the whole stack of an error." },
  help: { type: "boolean", help: "Print this text and exit." },
} as const satisfies Options;
