/** The server as a process; what it answers is tested in `tests/serve/`. @module */

import { assert } from "../deps.ts";
import { ROOT, runDeno } from "./sandbox.ts";

const ARGS = ["run", "--quiet", "--no-prompt", "--allow-read=dist,data", "--allow-net=127.0.0.1"];

Deno.test("serve says where it listens, answers, and leaves a port in use to its owner", async () => {
  const server = new Deno.Command(Deno.execPath(), {
    args: [...ARGS, "tools/serve.ts", "--port", "0"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
  }).spawn();
  try {
    const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value = "" } = await lines.read();
    const [, port] = value.match(/^Serving at http:\/\/127\.0\.0\.1:(\d+)\/ until Ctrl-C\n$/) ?? [];
    assert.ok(port !== undefined, value);
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assert.match(await page.text(), /<title>Inkling<\/title>/);
    const secret = await fetch(`http://127.0.0.1:${port}/deno.json`);
    assert.equal(secret.status, 404);
    await secret.body?.cancel();

    const { code, err } = await runDeno([...ARGS, "tools/serve.ts", "--port", port]);
    assert.equal(code, 1);
    assert.match(err, /^error: Cannot serve at 127\.0\.0\.1:\d+: [^\n]*--port[^\n]*\n$/);
    await lines.cancel();
  } finally {
    server.kill();
    await server.status;
  }
});

Deno.test("serve refuses a host that is not of this machine", async () => {
  const args = [...ARGS, "--allow-net=192.0.2.1", "tools/serve.ts", "--host", "192.0.2.1"];
  const { code, err } = await runDeno([...args, "--port", "0"]);
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot serve at 192\.0\.2\.1:0: [^\n]*--host\.\n$/);
});
