/** A task for the tests of `runTask`: it ends in the way that its option names. @module */

import { runTask } from "../../lib/cli.ts";
import { DataError } from "../../lib/errors.ts";

await runTask({
  name: "ending",
  summary: "Ends in the way that it is told.",
  examples: ["deno task ending --how well"],
  options: {
    how: {
      type: "string",
      help: "The way to end.",
      choices: ["well", "status", "data", "defect", "write", "missing", "pipe", "forgotten"],
      default: "well",
    },
  },
}, async ({ options }) => {
  switch (options.how) {
    case "well":
      return;
    case "status":
      return 7;
    case "data":
      throw new DataError("Cannot read x:\n  it is empty, got 0 bytes.");
    case "defect":
      throw new TypeError("x is not a function");
    case "write":
      return await Deno.writeTextFile("/no/where", "");
    case "missing":
      return void await Deno.readTextFile("nowhere/at-all");
    case "pipe":
      for (;;) Deno.stdout.writeSync(new Uint8Array(4096));
    case "forgotten":
      Promise.reject(new DataError("Cannot wait."));
      await new Promise((resolve) => setTimeout(resolve, 10_000));
  }
});
