import { secondsUntil } from "../../lib/startup/stopwatch.ts";
import { assert } from "../deps.ts";

const run = (code: string, mark: RegExp) =>
  secondsUntil({ words: [Deno.execPath(), "eval", code], cwd: ".", env: {}, mark });

Deno.test("secondsUntil() reads both streams, and has the program come to its end", async () => {
  for (const stream of ["log", "error"]) {
    const started = performance.now();
    const seconds = await run(`console.${stream}("one"); console.log("two");`, /^one$/m);
    assert.ok(seconds > 0 && seconds < (performance.now() - started) / 1000);
  }
});

Deno.test("secondsUntil() refuses a program that fails or never writes the line", async () => {
  const expected = { name: "InklingError", message: /^Cannot time .*: it comes to \/two\/, got "/ };
  await assert.rejects(run(`console.log("two"); Deno.exit(3);`, /two/), expected);
  await assert.rejects(run(`console.log("one");`, /two/), expected);
});
