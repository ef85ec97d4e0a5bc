import type { Options } from "../../lib/cli.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseJsonc } from "../../lib/sweep/jsonc.ts";
import { parseSweep, type SweptTasks } from "../../lib/sweep/sweep_file.ts";
import { TRAINING_OPTIONS } from "../../lib/train/options.ts";
import { assert, fc } from "../deps.ts";

const svm: Options = { C: { type: "number", min: 0, exclusiveMin: true, help: "C." } };
const TASKS: SweptTasks = {
  mlp: TRAINING_OPTIONS,
  dit: { guidance: { type: "numbers", min: 0, help: "Scales." }, seed: TRAINING_OPTIONS.seed },
  svm,
};

const parse = (content: unknown) => parseSweep(JSON.stringify(content), "s.json", TASKS);

/** Asserts that a sweep with this entry is refused with this reason. */
function refuses(entry: object, reason: RegExp, rest: object = {}) {
  assert.throws(() => parse({ name: "s", runs: [{ task: "mlp", ...entry }], ...rest }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(error.exitCode, 2);
    assert.ok(error.message.startsWith("Cannot read s.json: "), error.message);
    assert.match(error.message, reason);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

Deno.test("parseSweep() reads axes, plain values, seeds and retries", () => {
  const { name, runs, retries } = parse({
    name: "lr-1.2_b",
    runs: [
      { task: "mlp", options: { lr: [0.001, 0.01], epochs: 5, augment: true }, seeds: [1, 2, 3] },
      { task: "svm", options: { C: [1, 10] } },
      { task: "dit", options: { guidance: [1, [0, 2]] } },
    ],
    retries: 3,
  });
  assert.equal(name, "lr-1.2_b");
  assert.equal(retries, 3);
  assert.equal(runs.length, 6 + 2 + 2);
  assert.deepEqual(runs[0]!.options, { lr: 0.001, epochs: 5, augment: true });
  assert.deepEqual(runs.map(({ seed }) => seed).slice(4), [2, 3, undefined, undefined, 1, 1]);
  assert.deepEqual(runs.slice(-2).map(({ options }) => options.guidance), [1, [0, 2]]);
  assert.equal(parse({ name: "a", runs: [{ task: "mlp" }] }).retries, 1);
});

Deno.test("parseSweep() refuses what it does not know, and says what was likely meant", () => {
  refuses({ optoins: {} }, /runs\[0\] has an unknown key, got "optoins"\. Did you mean options\?/);
  refuses({}, /the file has an unknown key, got "retrys"\. Did you mean retries\?/, { retrys: 1 });
  refuses({ zzzzzzzz: 1 }, /got "zzzzzzzz"\. It may have task, options, seeds\./);
  refuses({ task: "mpl" }, /runs\[0\]\.task must be one of mlp, .* got "mpl"\. Did you mean mlp\?/);
  refuses({ task: "toString" }, /got "toString"/);
  refuses({ task: undefined }, /got nothing/);
  refuses(
    { options: { learning: 1, optimiser: "sgd" } },
    /unknown option of mlp, got "learning"\. \(deno task mlp --help lists all\)/,
  );
  refuses({ options: { optimiser: "sgd" } }, /got "optimiser"\. Did you mean optimizer\?/);
  refuses({ options: { optimizer: ["sgd", "adm"] } }, /got "adm"\. Did you mean adam\?/);
  refuses({ options: { constructor: 1 } }, /unknown option of mlp, got "constructor"/);
});

Deno.test("parseSweep() refuses values of the wrong type or out of range", () => {
  refuses(
    { options: { lr: "0.01" } },
    /runs\[0\]\.options\.lr must be a number above 0, .* without/,
  );
  refuses({ options: { lr: [0.1, 0] } }, /must be a number above 0, or a list of them, got 0\./);
  refuses({ options: { lr: [[0.1]] } }, /got \[0\.1\]/);
  refuses({ options: { lr: [] } }, /lr must have one value or more, got an empty list/);
  refuses({ options: { lr: null } }, /got null/);
  refuses({ options: { epochs: 1.5 } }, /must be a whole number of at least 1/);
  refuses({ options: { augment: "true" } }, /must be true or false, .* Write it without quotes/);
  refuses({ options: { augment: 1 } }, /must be true or false/);
  refuses({ options: { dataset: 5 } }, /must be one of auto, mnist/);
  refuses({ options: { data: "" } }, /must be the path of a file or folder/);
  refuses({ options: { lr: [0.1, 0.2, 0.1] } }, /lr must not repeat a value, got 0\.1 twice/);
  refuses({ options: [] }, /runs\[0\]\.options must be an object in braces, got \[\]/);
  refuses({ seeds: [1, 1] }, /seeds must not repeat a value/);
  refuses({ seeds: 3 }, /seeds must be a list of whole numbers/);
  refuses({ seeds: [] }, /seeds must be a list/);
  refuses({ seeds: [-1] }, /at least 0/);
  refuses({ task: "svm", seeds: [1] }, /must be left out, for svm has no seed/);
  refuses({ task: "dit", options: { guidance: [[]] } }, /guidance must be a number/);
  refuses({}, /retries must be a whole number from 0 to 100, got -1/, { retries: -1 });
  refuses({}, /name must be .*, got "a\/b"\./, { name: "a/b" });
  refuses({}, /name must be .*, got "\.\."\./, { name: ".." });
  refuses({}, /runs must be a list with one entry or more, got \[\]/, { runs: [] });
  refuses({}, /runs\[0\] must be an object in braces, got "mlp"/, { runs: ["mlp"] });
  const many = Array.from({ length: 101 }, (_, i) => i + 1);
  refuses(
    { options: { epochs: many }, seeds: many },
    /at most 10 000 runs, got 10 201\. Make it coarser/,
  );
});

Deno.test("parseSweep() keeps for itself what it sets", () => {
  refuses({ options: { seed: [1, 2] } }, /options\.seed is for the sweep itself .* Write "seeds"/);
  refuses({ options: { out: "x" } }, /options\.out is for the sweep itself/);
  refuses({ options: { resume: "x" } }, /options\.resume is for the sweep itself/);
  refuses({ options: { json: true } }, /options\.json is for the sweep itself/);
});

Deno.test("parseSweep() says in one line what is not JSON", () => {
  for (const text of ["", "{", "[]", "null", '{"name": "a",}', "\u0000"]) {
    assert.throws(() => parseSweep(text, "s.json", TASKS), {
      name: "UsageError",
      message: /^Cannot read s\.json: .*$/,
    });
  }
});

Deno.test("parseSweep() ends with a sweep or a UsageError, whatever JSON it gets", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (entry, options) => {
    for (
      const content of [entry, { name: "s", runs: [entry] }, {
        name: "s",
        runs: [{ task: "mlp", options }],
      }]
    ) {
      try {
        parse(content);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
      }
    }
  }));
});

Deno.test("parseJsonc() passes over remarks, but not in texts", () => {
  const text = '// a\n{ "x": "// no \\" /* no */", /* b\n " */ "y": [1, 2] // "z": 3\n}\n';
  assert.deepEqual(parseJsonc(text), { x: '// no " /* no */', y: [1, 2] });
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.deepEqual(parseJsonc(JSON.stringify(value, null, 1)), JSON.parse(JSON.stringify(value)));
  }));
  assert.throws(() => parseJsonc("{} /* open"), SyntaxError);
});
