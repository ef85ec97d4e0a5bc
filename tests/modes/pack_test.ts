/** The archive for machines without a network. @module */

import { createHash } from "node:crypto";
import { type ArchiveFile, tar } from "../../lib/dist/tar.ts";
import { FETCHED } from "../../lib/data/catalog.ts";
import { assert } from "../deps.ts";
import { lastJson, saveTinyMnist } from "../tasks/process.ts";
import { canBundle, openSandbox, ROOT, runDeno } from "./sandbox.ts";

const hasShell = Deno.build.os !== "windows";

const pack = (folder: string, ...args: string[]) =>
  runDeno(
    [
      ...["run", "--no-prompt", "--allow-run", "--allow-read", `--allow-write=${folder}`],
      ...["tools/pack.ts", "svm", "--out", `${folder}/dist`, "--data", `${folder}/data`, ...args],
    ],
    ROOT,
  );

Deno.test({
  name: "pack makes an archive that runs its tasks where it is unpacked",
  ignore: !hasShell || !canBundle,
  async fn() {
    await using sandbox = await openSandbox();
    const { folder } = sandbox;
    await saveTinyMnist(`${folder}/data`);
    await Deno.mkdir(`${folder}/data/checkpoints`);
    await Deno.writeTextFile(`${folder}/data/checkpoints/dit.txt`, "AAAA");
    // The real binary takes long to compress.
    const deno = `${folder}/deno`;
    await Deno.writeTextFile(deno, `#!/bin/sh\nexec '${Deno.execPath()}' "$@"\n`);
    const packed = await pack(folder, "--target", "linux-arm64", "--deno", deno);
    assert.equal(packed.code, 0, packed.err);
    const name = packed.out.match(/inkling-[\d.]+-linux-arm64(?=\.tar\.gz: )/)![0];
    const untar = new Deno.Command("tar", {
      args: ["xzf", `dist/${name}.tar.gz`],
      cwd: folder,
    });
    assert.ok((await untar.output()).success);

    const top = `${folder}/${name}`;
    const sums = (await Deno.readTextFile(`${top}/SHA256SUMS`)).trimEnd().split("\n");
    const names: string[] = [];
    for (const line of sums) {
      const [sum, path] = line.split("  ");
      const content = await Deno.readFile(`${top}/${path}`);
      assert.equal(createHash("sha256").update(content).digest("hex"), sum, path);
      names.push(path!);
    }
    for (const path of ["inkling", "bin/deno", "dist/svm.js", "data/checkpoints/dit.txt"]) {
      assert.ok(names.includes(path), path);
    }
    assert.equal(names.filter((name) => name.startsWith("data/mnist/")).length, 4);

    const run = await new Deno.Command(`${top}/inkling`, {
      args: ["svm", "--dataset", "mnist", "--gamma", "1", "--json"],
      cwd: "/",
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", XDG_RUNTIME_DIR: "/dev/null" },
    }).output();
    const err = new TextDecoder().decode(run.stderr);
    assert.ok(run.success, err);
    const result = lastJson(new TextDecoder().decode(run.stdout));
    assert.deepEqual([result.dataset, result.test_images], ["mnist", 10]);
    assert.ok((await Deno.stat(`${top}/${result.run}/config.json`)).isFile);
  },
});

Deno.test("pack asks for the Deno of another machine", async () => {
  await using sandbox = await openSandbox();
  const target = Deno.build.target.startsWith("aarch64-apple") ? "linux-arm64" : "macos-arm64";
  const { code, err } = await pack(sandbox.folder, "--target", target);
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot pack for [^\n]*deno-aarch64-[^\n]*\.zip[^\n]*--deno\.\n$/);
});

Deno.test("pack refuses damaged data before it makes anything", async () => {
  await using sandbox = await openSandbox();
  const { folder } = sandbox;
  await Deno.mkdir(`${folder}/data/mnist`, { recursive: true });
  await Deno.writeTextFile(`${folder}/data/mnist/${FETCHED.mnist.files.testLabels.name}`, "x");
  const { code, err } = await pack(folder, "--target", "linux-x64", "--deno", "absent");
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot use [^\n]*t10k-labels-idx1-ubyte\.gz[^\n]*\n$/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name), ["data"]);
});

Deno.test("tar() refuses paths that the format has no room for", async () => {
  async function* one(path: string): AsyncGenerator<ArchiveFile> {
    await Promise.resolve();
    yield { path, isProgram: false, content: new Uint8Array() };
  }
  for (const path of ["", "a b", "é", "x".repeat(101)]) {
    await assert.rejects(Array.fromAsync(tar(one(path))), { name: "RangeError" });
  }
  const blocks = await Array.fromAsync(tar(one("x".repeat(100))));
  assert.deepEqual(blocks.map(({ length }) => length), [512, 0, 0, 1024]);
});
