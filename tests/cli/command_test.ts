import { asTyped } from "../../lib/cli/command.ts";
import { assert } from "../deps.ts";

const program = "/home/me/inkling/bin/deno";
const at = (script: string, isCompiled = false) => ({ script, program, isCompiled });

Deno.test("asTyped() names the command of the place where a task runs", () => {
  const expected = {
    "file:///home/ada/tasks/cnn.ts": "deno task dit:sample --gif",
    "https://host/v1/tasks/cnn.ts":
      "deno run [permissions] https://host/v1/tasks/dit_sample.ts --gif",
    "http://host:8080/dist/cnn.js":
      "deno run [permissions] http://host:8080/dist/dit_sample.js --gif",
    "file:///home/ada/my%20dist/cnn.js":
      "deno run [permissions] /home/ada/my dist/dit_sample.js --gif",
    "file:///home/me/inkling/dist/cnn.js": "./inkling dit:sample --gif",
  };
  for (const [script, command] of Object.entries(expected)) {
    assert.equal(asTyped("deno task dit:sample --gif", at(script)), command);
  }
  const compiled = at("file:///tmp/deno-compile-cnn/cnn.js", true);
  assert.equal(asTyped("deno task dit:sample --gif", compiled), "./dit_sample --gif");
});

Deno.test("asTyped() changes every command of a text and nothing else", () => {
  const place = at("file:///home/me/inkling/dist/cnn.js");
  assert.equal(
    asTyped("Run `deno task doctor`, or deno task lenet5: deno runs tasks.", place),
    "Run `./inkling doctor`, or ./inkling lenet5: deno runs tasks.",
  );
  assert.equal(asTyped("", place), "");
});
