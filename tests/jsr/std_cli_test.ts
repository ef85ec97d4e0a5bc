/** Holds the stand-in for `@std/cli/parse-args` to what std documents of the real one. @module */

import { assert } from "../deps.ts";
import { parseArgs } from "../../lib/jsr/std-cli/parse_args.ts";

// The example in std's own documentation of `parseArgs`.
Deno.test("parseArgs() reads std's documented example", () => {
  assert.deepEqual(parseArgs(["--foo", "--bar=baz", "./quux.txt"]), {
    foo: true,
    bar: "baz",
    _: ["./quux.txt"],
  });
});

Deno.test("parseArgs() makes numbers of what looks like one, unless told it is text", () => {
  assert.deepEqual(parseArgs(["--n=5", "--m", "0x10", "1e3"]), { n: 5, m: 16, _: [1000] });
  assert.deepEqual(parseArgs(["--n=5", "007"], { string: ["n", "_"] }), { n: "5", _: ["007"] });
});

Deno.test("parseArgs() keeps the last value, or all of an option to collect", () => {
  assert.deepEqual(parseArgs(["--a=1", "--a=2"], { string: ["a"] }), { a: "2", _: [] });
  const collected = { string: ["a", "b"], collect: ["a", "b"] };
  assert.deepEqual(parseArgs(["--a=1", "--a", "x"], collected), { a: ["1", "x"], b: [], _: [] });
});

Deno.test("parseArgs() does not read the words after --", () => {
  assert.deepEqual(parseArgs(["a", "--", "--b", "--", "7"]), { _: ["a", "--b", "--", "7"] });
});

Deno.test("parseArgs() takes no word with a dash for a value", () => {
  assert.deepEqual(parseArgs(["--a", "--b=-1"], { string: ["a", "b"] }), { a: "", b: "-1", _: [] });
});

Deno.test("parseArgs() splits at the first = only, across line breaks", () => {
  assert.deepEqual(parseArgs(["--a=x=y\nz"], { string: ["a"] }), { a: "x=y\nz", _: [] });
});
