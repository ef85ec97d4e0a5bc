/** The server as a process; what it answers is tested in `tests/serve/`. @module */

import { FETCHED } from "../../lib/data/catalog.ts";
import { assert } from "../deps.ts";
import { lastJson } from "../tasks/process.ts";
import {
  assertDrawn,
  assertTrained,
  bundleInto,
  canBundle,
  DRAW,
  openSandbox,
  ROOT,
  runDeno,
  type Sandbox,
  TRAIN,
} from "./sandbox.ts";

const SHARED = new URL("../shared/datasets/mnist/", ROOT);
const hasMnist = await Deno.stat(SHARED).then(() => true, () => false);

const SCRIPT = new URL("tools/serve.ts", ROOT).href;
const ARGS = ["run", "--quiet", "--no-prompt", "--allow-read=dist,data", "--allow-net=127.0.0.1"];

/** A server that was started. */
interface Started extends AsyncDisposable {
  /** Its port. */
  readonly port: string;
}

/** Starts `deno task serve` in a folder, at a port that is free, as soon as it says where. */
async function startServer(cwd: string | URL): Promise<Started> {
  const server = new Deno.Command(Deno.execPath(), {
    args: [...ARGS, SCRIPT, "--port", "0"],
    cwd,
    env: { NO_COLOR: "1" },
    stdout: "piped",
  }).spawn();
  const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await lines.read();
  const [, port] = value.match(/^Serving at http:\/\/127\.0\.0\.1:(\d+)\/ until Ctrl-C\n$/) ?? [];
  assert.ok(port !== undefined, value);
  return {
    port,
    async [Symbol.asyncDispose]() {
      await lines.cancel();
      server.kill();
      await server.status;
    },
  };
}

Deno.test({
  name: "the commands on the server's page run as they stand, from empty folders",
  ignore: !canBundle,
  async fn(t) {
    await using folder = await openSandbox();
    const bundled = await bundleInto(`${folder.folder}/dist`, "cnn", "dit:sample");
    assert.equal(bundled.code, 0, bundled.err);
    await Deno.mkdir(`${folder.folder}/data/mnist`, { recursive: true });
    for (const { name } of Object.values(FETCHED.mnist.files)) {
      const copy = `${folder.folder}/data/mnist/${name}`;
      await (hasMnist ? Deno.copyFile(new URL(name, SHARED), copy) : Deno.writeTextFile(copy, "x"));
    }
    await using server = await startServer(folder.folder);
    const page = await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
    const commands = Array.from(
      page.matchAll(/<pre><code>deno (run [^<]*)</g),
      ([, words]) => words!,
    );
    assert.equal(commands.length, 2);

    /** Runs the command of a bundle with more words behind it. */
    const run = (sandbox: Sandbox, file: string, more: readonly string[]) => {
      const command = commands.find((words) => words.includes(`/${file}.js`))!;
      const [first = "", ...words] = command.split(" ");
      return sandbox.deno(first, "--quiet", "--no-prompt", "--no-npm", ...words, ...more);
    };
    await t.step("cnn is trained on the digits", async () => {
      await using sandbox = await openSandbox();
      await assertTrained(await run(sandbox, "cnn", TRAIN), sandbox.folder);
    });
    await t.step("dit:sample draws", async () => {
      await using sandbox = await openSandbox();
      await assertDrawn(await run(sandbox, "dit_sample", DRAW), sandbox.folder);
    });
    const short = ["--subset", "64", "--test-subset", "64", "--epochs", "1", "--json"];
    await t.step({
      name: "cnn fetches its data from the server",
      ignore: !hasMnist,
      async fn() {
        await using sandbox = await openSandbox();
        const { code, out, err } = await run(sandbox, "cnn", ["--dataset", "mnist", ...short]);
        assert.equal(code, 0, err);
        assert.equal(lastJson(out).dataset, "mnist");
        const fetched = await Array.fromAsync(Deno.readDir(`${sandbox.folder}/data/mnist`));
        assert.equal(fetched.length, 4);
      },
    });
    await t.step(
      "cnn refuses data of the server that is not the published, and keeps none",
      async () => {
        const { name, bytes } = FETCHED.mnist.files.trainImages;
        await Deno.writeFile(`${folder.folder}/data/mnist/${name}`, new Uint8Array(bytes));
        await using sandbox = await openSandbox();
        const { code, err } = await run(sandbox, "cnn", ["--dataset", "mnist", ...short]);
        assert.equal(code, 1, err);
        assert.match(err, /^error: Cannot get mnist: [^\n]*its sha256 is not the published one/m);
        assert.deepEqual(await Array.fromAsync(Deno.readDir(`${sandbox.folder}/data/mnist`)), []);
        await assert.rejects(Deno.stat(`${sandbox.folder}/runs`), Deno.errors.NotFound);
      },
    );
  },
});

Deno.test("serve says where it listens, answers, and leaves a port in use to its owner", async () => {
  await using server = await startServer(ROOT);
  const page = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.match(await page.text(), /<title>Inkling<\/title>/);
  const secret = await fetch(`http://127.0.0.1:${server.port}/deno.json`);
  assert.equal(secret.status, 404);
  await secret.body?.cancel();

  const { code, err } = await runDeno([...ARGS, SCRIPT, "--port", server.port]);
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot serve at 127\.0\.0\.1:\d+: [^\n]*--port[^\n]*\n$/);
});

Deno.test("serve refuses a host that is not of this machine", async () => {
  const args = [...ARGS, "--allow-net=192.0.2.1", SCRIPT, "--host", "192.0.2.1"];
  const { code, err } = await runDeno([...args, "--port", "0"]);
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot serve at 192\.0\.2\.1:0: [^\n]*--host\.\n$/);
});
