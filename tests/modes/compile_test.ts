/**
 * Programs. Where Deno's runtime for them cannot be downloaded the binary of Deno itself stands in:
 * what it makes holds the same files and permissions, but behaves as Deno does.
 *
 * @module
 */

import { assert } from "../deps.ts";
import { canBundle, openSandbox, ROOT, runDeno } from "./sandbox.ts";

const NEEDS_BUNDLER = { ignore: !canBundle };
const compile = (folder: string, args: string[], env: Record<string, string>) =>
  runDeno(
    [
      ...["run", "--no-prompt", "--allow-run", "--allow-read", `--allow-write=${folder}`],
      ...["tools/compile.ts", "--out", folder, ...args],
    ],
    ROOT,
    env,
  );

Deno.test(
  "compile makes a program of a bundle with the permissions of its task",
  NEEDS_BUNDLER,
  async () => {
    await using sandbox = await openSandbox();
    const env = { DENORT_BIN: Deno.execPath() };
    const { code, out, err } = await compile(sandbox.folder, ["svm", "--target", "linux-x64"], env);
    assert.equal(code, 0, err);
    assert.match(out, /^svm +\d+\.\d MB {2}\S+\/bin\/linux-x64\/svm \([12]\.\d MB its own\)\n$/);
    const folder = `${sandbox.folder}/bin/linux-x64`;
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assert.deepEqual(names, ["svm"]);
    // What was put behind the runtime, without the runtime: a failure would print it all.
    const program = await Deno.readFile(`${folder}/svm`);
    const text = new TextDecoder("latin1").decode(program.subarray(-4_000_000));
    const metadata = text.match(/"permissions":\{[^}]*\}/)?.[0] ?? "";
    assert.match(metadata, /"allow_read":\["data","runs"\]/);
    assert.match(metadata, /"allow_write":\["data","runs"\]/);
    assert.match(metadata, /"prompt":false/);
    assert.ok(text.includes('new URL("data:text/javascript;base64,'));
  },
);

Deno.test("compile says how to bring a runtime that cannot be had, and leaves nothing", async () => {
  await using sandbox = await openSandbox();
  const env = { DENORT_BIN: `${sandbox.folder}/absent` };
  const { code, err } = await compile(sandbox.folder, ["svm", "--target", "macos-arm64"], env);
  assert.equal(code, 1);
  assert.match(
    err,
    /^error: Cannot compile for macos-arm64: [^\n]*denort-aarch64-apple-darwin\.zip[^\n]*DENORT_BIN\.\n$/,
  );
  const folder = `${sandbox.folder}/bin/macos-arm64`;
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
});

Deno.test("compile refuses a machine that it does not know", async () => {
  await using sandbox = await openSandbox();
  const { code, err } = await compile(sandbox.folder, ["svm", "--target", "amiga"], {});
  assert.equal(code, 2);
  assert.match(err, /^error: [^\n]*--target must be one of linux-x64, [^\n]*got "amiga"[^\n]*\n$/);
});
