import { assert, fc } from "../deps.ts";
import { isAsked, type OptionSpec, parseCommand } from "../../lib/cli.ts";
import { UsageError } from "../../lib/errors.ts";

const SPEC = {
  name: "cnn",
  summary: "Trains.",
  examples: [],
  options: {
    "dataset": {
      type: "string",
      help: "Which.",
      choices: ["mnist", "fashion-mnist", "digits"],
      default: "mnist",
    },
    "out": { type: "path", help: "Where." },
    "epochs": { type: "integer", help: "Passes.", default: 10, min: 1 },
    "batch-size": { type: "integer", help: "Images.", default: 64, min: 1, max: 4096 },
    "lr": { type: "number", help: "Rate.", default: 0.001, min: 0, exclusiveMin: true },
    "momentum": { type: "number", help: "Momentum.", min: 0, max: 1 },
    "quiet": { type: "boolean", help: "Say less." },
    "augment": { type: "boolean", help: "Shift.", default: true },
    "guidance": { type: "numbers", help: "Scales.", default: [0, 2], min: -1 },
    "layers": { type: "integers", help: "Widths." },
    "tags": { type: "strings", help: "Names.", choices: ["a", "b"] },
  },
  absent: { gif: "it draws nothing" },
} as const;

const parse = (...args: string[]) => parseCommand(SPEC, args);

/** The message that refuses these words, without the part that all have. */
function refusal(...args: string[]): string {
  try {
    parse(...args);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    const [head, ...rest] = error.message.split("Cannot read the options of cnn: ");
    assert.equal(head, "");
    return rest.join("");
  }
  assert.fail(`${args.join(" ")} is accepted`);
}

Deno.test("parseCommand() gives the defaults, and undefined without one", () => {
  const { options, given, positionals } = parse();
  assert.deepEqual(options, {
    dataset: "mnist",
    out: undefined,
    epochs: 10,
    "batch-size": 64,
    lr: 0.001,
    momentum: undefined,
    quiet: false,
    augment: true,
    guidance: [0, 2],
    layers: undefined,
    tags: undefined,
  });
  assert.deepEqual([given.size, positionals], [0, []]);
});

Deno.test("parseCommand() types the values by the schema", () => {
  const { options, given } = parse("--tags", "a");
  const dataset: "mnist" | "fashion-mnist" | "digits" = options.dataset;
  const epochs: number = options.epochs;
  const out: string | undefined = options.out;
  const guidance: readonly number[] = options.guidance;
  const tags: readonly ("a" | "b")[] | undefined = options.tags;
  // @ts-expect-error: without a default it may be undefined.
  const momentum: number = options.momentum;
  // @ts-expect-error: no such option.
  given.has("epoch");
  assert.deepEqual([dataset, epochs, out, guidance, tags, momentum], [
    "mnist",
    10,
    undefined,
    [0, 2],
    ["a"],
    undefined,
  ]);
});

Deno.test("parseCommand() reads a value after a space or an equals sign", () => {
  for (const args of [["--epochs", "3", "--out", "a b"], ["--out=a b", "--epochs=3"]]) {
    const { options, given } = parse(...args);
    assert.deepEqual([options.epochs, options.out], [3, "a b"]);
    assert.deepEqual([...given].sort(), ["epochs", "out"]);
  }
  assert.equal(parse("--out=--x=y\nz").options.out, "--x=y\nz");
});

Deno.test("parseCommand() reads switches", () => {
  assert.equal(parse("--quiet").options.quiet, true);
  assert.equal(parse("--quiet=false").options.quiet, false);
  const off = parse("--no-augment");
  assert.deepEqual([off.options.augment, off.given.has("augment")], [false, true]);
  assert.match(refusal("--quiet", "false"), /takes no word without an option, got "false"/);
  assert.match(refusal("--quiet=maybe"), /--quiet must be true or false, got "maybe"/);
  assert.match(refusal("--no-quiet=true"), /--no-quiet takes no value, got "true"/);
});

Deno.test("parseCommand() keeps to a bound that is excluded", () => {
  const share = { type: "number", min: 0, max: 1, exclusiveMax: true, help: "A share." } as const;
  const of = (text: string) => parseCommand({ ...SPEC, options: { share } }, ["--share", text]);
  assert.equal(of("0").options.share, 0);
  assert.equal(of("0.999").options.share, 0.999);
  for (const text of ["1", "-0.1"]) {
    assert.throws(() => of(text), /--share must be a number of at least 0, below 1, got/);
  }
});

Deno.test("parseCommand() reads lists with commas, repeated, or both", () => {
  assert.deepEqual(parse("--guidance", "-1,0.5", "--guidance=3").options.guidance, [-1, 0.5, 3]);
  assert.deepEqual(parse("--layers=8,16").options.layers, [8, 16]);
  assert.equal(
    refusal("--guidance", "0,,2"),
    "each value of --guidance must be a number of at least -1, " +
      'got "". Without it, --guidance is 0,2.',
  );
  assert.match(refusal("--tags", "a,c"), /must be one of a, b, got "c"/);
  assert.match(refusal("--tags", "-1"), /must be one of a, b, got "-1"/);
});

Deno.test("parseCommand() says which number is wanted, and which it got", () => {
  const epochs = "--epochs must be a whole number of at least 1";
  for (const text of ["-1", "0", "1.5", "1e999", "abc", "nan", "9007199254740993", "0x10", "1_0"]) {
    const expected = `${epochs}, got "${text}". Without it, --epochs is 10.`;
    assert.equal(refusal(`--epochs=${text}`), expected);
    assert.equal(refusal("--epochs", text), expected);
  }
  for (const text of ["abc", "nan", "-nan", "Infinity", "-inf", "0", "-1e-3", "1e999", "."]) {
    const expected = `--lr must be a number above 0, got "${text}". Without it, --lr is 0.001.`;
    assert.equal(refusal("--lr", text), expected);
  }
  assert.equal(
    refusal("--momentum", "1.01"),
    '--momentum must be a number from 0 to 1, got "1.01". (--help explains it)',
  );
  for (const [text, value] of [["1e-3", 1e-3], [".5", 0.5], ["+2.", 2], ["1E2", 100]] as const) {
    assert.equal(parse("--lr", text).options.lr, value);
  }
});

Deno.test("parseCommand() keeps to the bounds exactly", () => {
  assert.equal(parse("--batch-size", "4096").options["batch-size"], 4096);
  assert.equal(parse("--batch-size", "1").options["batch-size"], 1);
  assert.match(refusal("--batch-size", "4097"), /a whole number from 1 to 4096, got "4097"/);
  assert.equal(parse("--momentum", "0").options.momentum, 0);
  assert.equal(parse("--momentum", "1").options.momentum, 1);
});

Deno.test("parseCommand() refuses an option without its value", () => {
  const expected =
    "--epochs needs a whole number of at least 1, got no value. Without it, --epochs is 10.";
  assert.equal(refusal("--epochs"), expected);
  assert.equal(refusal("--epochs="), expected);
  assert.equal(refusal("--epochs", ""), expected);
  assert.equal(refusal("--epochs", "--lr", "1"), expected);
  assert.equal(refusal("--epochs", "--", "1"), expected);
  assert.match(refusal("--out", "-x"), /--out needs the path of a file or folder, got no value/);
});

Deno.test("parseCommand() refuses an option given twice", () => {
  assert.equal(
    refusal("--epochs", "1", "--epochs=2"),
    '--epochs may be given only once, got "1" and "2". Keep one of them.',
  );
  assert.match(refusal("--quiet", "--no-quiet"), /--quiet may be given only once/);
});

Deno.test("parseCommand() names the nearest option", () => {
  assert.equal(
    refusal("--epoch", "3"),
    "unknown option --epoch. Did you mean --epochs? (--help lists all)",
  );
  assert.match(refusal("--batchsize=3"), /unknown option --batchsize. Did you mean --batch-size\?/);
  assert.match(refusal("--batch_size=3"), /Did you mean --batch-size\?/);
  assert.match(refusal("--batch", "3"), /Did you mean --batch-size\?/);
  assert.match(refusal("-epochs", "3"), /unknown option -epochs. Did you mean --epochs\?/);
  assert.match(refusal("--no-augmnt"), /Did you mean --no-augment\?/);
  assert.match(refusal("--no-epochs"), /unknown option --no-epochs/);
  assert.equal(refusal("--zzz"), "unknown option --zzz. (--help lists all)");
  assert.equal(refusal("--gif"), "it takes no --gif: it draws nothing");
  assert.equal(refusal("--gif=yes"), "it takes no --gif: it draws nothing");
  assert.match(refusal("-z"), /unknown option -z\./);
  assert.match(refusal("--a\nb"), /unknown option "--a\\nb"\./);
  assert.match(refusal("--__proto__=1"), /unknown option --__proto__\./);
  assert.match(refusal("--_=1"), /unknown option --_\./);
  assert.match(refusal("-_"), /unknown option -_\./);
});

Deno.test("parseCommand() names the choices and the nearest one", () => {
  const choices = "--dataset must be one of mnist, fashion-mnist, digits";
  assert.equal(refusal("--dataset", "minst"), `${choices}, got "minst". Did you mean mnist?`);
  assert.equal(
    refusal("--dataset", "fashion"),
    `${choices}, got "fashion". Did you mean fashion-mnist?`,
  );
  assert.equal(
    refusal("--dataset", "cifar"),
    `${choices}, got "cifar". Without it, --dataset is mnist.`,
  );
});

Deno.test("parseCommand() counts the words without an option", () => {
  assert.equal(
    refusal("--quiet", "epochs"),
    'it takes no word without an option, got "epochs". Did you mean --epochs? ' +
      "(--help shows the usage)",
  );
  const positionals = { name: "image", help: "A picture.", min: 1, max: 2 };
  const read = (...args: string[]) => parseCommand({ ...SPEC, positionals }, args).positionals;
  assert.deepEqual(read("a", "--quiet", "007"), ["a", "007"]);
  assert.deepEqual(read("--", "--quiet", "-x"), ["--quiet", "-x"]);
  assert.throws(() => read(), { name: "UsageError", message: /needs at least 1 image, got 0/ });
  assert.throws(() => read("a", "b", "c"), { message: /takes at most 2 image, got "c"/ });
});

Deno.test("isAsked() finds --help and --debug among wrong words, and nowhere else", () => {
  assert.ok(isAsked("help", ["--nonsense", "-h"]));
  assert.ok(isAsked("help", ["--help"]));
  assert.ok(isAsked("debug", ["--epochs", "--debug"]));
  assert.ok(!isAsked("help", ["--", "--help"]));
  assert.ok(!isAsked("help", ["--debug", "help", "--out=-h", "--help=false"]));
  assert.deepEqual(parse("-h", "--debug").options, parse().options);
  assert.match(refusal("--debug=x"), /--debug must be true or false/);
});

const anyWord = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("--", "-", "-1", "1", "true", "--help", "-h", "__proto__", "--no-quiet"),
  fc.tuple(
    fc.constantFrom("--", "-", "--no-"),
    fc.constantFrom(...Object.keys(SPEC.options), "epoch", "constructor", "_"),
    fc.constantFrom("", "=", "=1", "=-1", "=true", "=mnist", "=0,1", "=,", "=="),
  ).map((parts) => parts.join("")),
);

Deno.test("parseCommand() throws nothing but a UsageError of one line, whatever the words", () => {
  fc.assert(
    fc.property(fc.array(anyWord, { maxLength: 8 }), (args) => {
      try {
        parse(...args);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.doesNotMatch(error.message, /[\n\r]/);
      }
    }),
    { numRuns: 2000 },
  );
});

const decimal = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) =>
  !Object.is(x, -0)
);
const text = fc.string({ minLength: 1 });
const VALUES: Record<OptionSpec["type"], fc.Arbitrary<unknown>> = {
  string: text,
  path: text,
  integer: fc.maxSafeInteger(),
  number: decimal,
  boolean: fc.boolean(),
  strings: fc.array(text.filter((value) => !value.includes(",")), { minLength: 1 }),
  integers: fc.array(fc.maxSafeInteger(), { minLength: 1 }),
  numbers: fc.array(decimal, { minLength: 1 }),
};

Deno.test("parseCommand() reads back every value that was written", () => {
  const kinds = Object.keys(VALUES) as OptionSpec["type"][];
  const options = Object.fromEntries(
    kinds.map((type) => [`an-${type}`, { type, help: "" } as OptionSpec]),
  );
  const spec = {
    name: "x",
    summary: "",
    examples: [],
    options,
    positionals: { name: "word", help: "", min: 0, max: Infinity },
  };
  const values = fc.record(
    Object.fromEntries(kinds.map((type) => [`an-${type}`, VALUES[type]])),
    { requiredKeys: [] },
  );
  fc.assert(fc.property(values, fc.array(fc.string()), fc.boolean(), (values, words, split) => {
    const args = Object.entries(values).flatMap(([name, value]) => {
      if (typeof value === "boolean" && split) return [value ? `--${name}` : `--no-${name}`];
      const isSplit = split && (typeof value === "number" || !String(value).startsWith("-"));
      return isSplit ? [`--${name}`, String(value)] : [`--${name}=${value}`];
    });
    const parsed = parseCommand(spec, [...args, "--", ...words]);
    const expected = Object.fromEntries(
      kinds.map((
        type,
      ) => [`an-${type}`, values[`an-${type}`] ?? (type === "boolean" ? false : undefined)]),
    );
    assert.deepEqual(parsed.options, expected);
    assert.deepEqual([...parsed.given].sort(), Object.keys(values).sort());
    assert.deepEqual(parsed.positionals, words);
  }));
});
