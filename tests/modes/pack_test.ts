/** The archive for machines without a network. @module */

import { createHash } from "node:crypto";
import { type ArchiveFile, tar } from "../../lib/dist/tar.ts";
import { FETCHED } from "../../lib/data/catalog.ts";
import { assert } from "../deps.ts";
import { assertOneError, type Ended, lastJson, saveTinyMnist } from "../tasks/process.ts";
import {
  assertDrawn,
  assertTrained,
  canBundle,
  DRAW,
  openSandbox,
  ROOT,
  runDeno,
  TRAIN,
} from "./sandbox.ts";

const hasShell = Deno.build.os !== "windows";

const pack = (folder: string, ...args: string[]) =>
  runDeno(
    [
      ...["run", "--no-prompt", "--allow-run", "--allow-read", `--allow-write=${folder}`],
      ...["tools/pack.ts", "--out", `${folder}/dist`, "--data", `${folder}/data`, ...args],
    ],
    ROOT,
  );

/** Runs a task of an archive, with nothing in the environment of it all. */
async function start(
  top: string,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(`${top}/inkling`, {
    args: [...words],
    cwd: "/",
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", XDG_RUNTIME_DIR: "/dev/null", NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Checks the sums of an archive, and gives the names of its files. */
async function verify(top: string): Promise<string[]> {
  const names: string[] = [];
  for (const line of (await Deno.readTextFile(`${top}/SHA256SUMS`)).trimEnd().split("\n")) {
    const [sum, path] = line.split("  ");
    const content = await Deno.readFile(`${top}/${path}`);
    assert.equal(createHash("sha256").update(content).digest("hex"), sum, path);
    names.push(path!);
  }
  return names;
}

Deno.test({
  name: "pack makes an archive that runs its tasks where it is unpacked",
  ignore: !hasShell || !canBundle,
  async fn(t) {
    await using sandbox = await openSandbox();
    const { folder } = sandbox;
    await saveTinyMnist(`${folder}/data`);
    await Deno.mkdir(`${folder}/data/checkpoints`);
    await Deno.writeTextFile(`${folder}/data/checkpoints/dit.txt`, "AAAA");
    // The real binary takes long to compress.
    const deno = `${folder}/deno`;
    await Deno.writeTextFile(deno, `#!/bin/sh\nexec '${Deno.execPath()}' "$@"\n`);
    const tasks = ["cnn", "dit:sample", "svm", "doctor"];
    const packed = await pack(folder, ...tasks, "--target", "linux-arm64", "--deno", deno);
    assert.equal(packed.code, 0, packed.err);
    const name = packed.out.match(/inkling-[\d.]+-linux-arm64(?=\.tar\.gz: )/)![0];
    const untar = new Deno.Command("tar", { args: ["xzf", `dist/${name}.tar.gz`], cwd: folder });
    assert.ok((await untar.output()).success);
    const top = `${folder}/${name}`;

    await t.step("its sums are those of its files", async () => {
      const names = await verify(top);
      for (const path of ["inkling", "bin/deno", "dist/svm.js", "data/checkpoints/dit.txt"]) {
        assert.ok(names.includes(path), path);
      }
      assert.equal(names.filter((name) => name.startsWith("data/mnist/")).length, 4);
    });
    await t.step("its help says what to type there", async () => {
      await Deno.copyFile(Deno.execPath(), `${top}/bin/deno`);
      const { code, out, err } = await start(top, ["dit:sample", "--help"]);
      assert.equal(code, 0, err);
      assert.match(out, /^Usage: \.\/inkling dit:sample \[options\]\n/);
      assert.match(out, /^ {2}\.\/inkling dit:sample --checkpoint runs\/dit\//m);
    });
    await t.step("its script lists the tasks, and refuses others", async () => {
      const list = await start(top, []);
      assert.equal(list.code, 0, list.err);
      assert.deepEqual(Array.from(list.out.matchAll(/^ {2}(\S+)/gm), ([, name]) => name), [
        ...["cnn", "dit:sample", "doctor", "svm"],
      ]);
      assertOneError(await start(top, ["docter"]), 2, /Cannot run "docter": .* mean doctor\?$/);
    });
    await t.step("cnn is trained", async () => {
      await assertTrained(await start(top, ["cnn", ...TRAIN]), top);
    });
    await t.step("dit:sample draws", async () => {
      await assertDrawn(await start(top, ["dit:sample", ...DRAW]), top);
    });
    await t.step("svm takes the data that is packed", async () => {
      const words = ["svm", "--dataset", "mnist", "--gamma", "1", "--json"];
      const { code, out, err } = await start(top, words);
      assert.equal(code, 0, err);
      const result = lastJson(out);
      assert.deepEqual([result.dataset, result.test_images], ["mnist", 10]);
      assert.ok((await Deno.stat(`${top}/${result.run}/config.json`)).isFile);
    });
    await t.step("without a driver it says what to install, and doctor looks closer", async () => {
      const none = `${folder}/absent`;
      const env = { DENO_WEBGPU_BACKEND: "vulkan", VK_DRIVER_FILES: none, VK_ICD_FILENAMES: none };
      assertOneError(await start(top, ["cnn", ...TRAIN], env), 1, /no Vulkan adapter found/);
      const doctor = await start(top, ["doctor"], env);
      assertOneError(
        doctor,
        1,
        /no Vulkan adapter found\. Install .*mesa-vulkan-drivers.*`\.\/inkling doctor`/,
      );
      assert.match(doctor.out, /^drivers\n/m);
    });
  },
});

Deno.test({
  name: "pack makes an archive for Windows, with a script for its command interpreter",
  ignore: !hasShell || !canBundle,
  async fn() {
    await using sandbox = await openSandbox();
    const { folder } = sandbox;
    await Deno.writeTextFile(`${folder}/deno.exe`, "Deno");
    const asked = ["svm", "--target", "windows-x64", "--deno", `${folder}/deno.exe`];
    const packed = await pack(folder, ...asked);
    assert.equal(packed.code, 0, packed.err);
    const name = packed.out.match(/inkling-[\d.]+-windows-x64(?=\.tar\.gz: )/)![0];
    const untar = new Deno.Command("tar", { args: ["xzf", `dist/${name}.tar.gz`], cwd: folder });
    assert.ok((await untar.output()).success);
    const names = await verify(`${folder}/${name}`);
    assert.deepEqual(names, [
      "inkling.cmd",
      "bin/deno.exe",
      "bin/start.js",
      "dist/svm.js",
      "LICENSE",
    ]);
    const script = await Deno.readTextFile(`${folder}/${name}/inkling.cmd`);
    assert.ok(script.split("\n").slice(0, -1).every((line) => line.endsWith("\r")));
    assert.match(script, /^bin\\deno\.exe run [^\r]* bin\/start\.js %\*\r$/m);
  },
});

Deno.test("pack asks for the Deno of another machine", async () => {
  await using sandbox = await openSandbox();
  const target = Deno.build.target.startsWith("aarch64-apple") ? "linux-arm64" : "macos-arm64";
  const { code, err } = await pack(sandbox.folder, "svm", "--target", target);
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot pack for [^\n]*deno-aarch64-[^\n]*\.zip[^\n]*--deno\.\n$/);
});

Deno.test("pack refuses a machine that it does not know, and a Deno that is not there", async () => {
  await using sandbox = await openSandbox();
  const { folder } = sandbox;
  assertOneError(await pack(folder, "--target", "amiga"), 2, /--target must be one of .*"amiga"/);
  const wrong = await pack(folder, "--target", "linux-arm64", "--deno", `${folder}/absent`);
  assertOneError(wrong, 1, /^error: Cannot pack for linux-arm64: .*absent/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
});

Deno.test("pack refuses damaged data before it makes anything", async () => {
  await using sandbox = await openSandbox();
  const { folder } = sandbox;
  await Deno.mkdir(`${folder}/data/mnist`, { recursive: true });
  await Deno.writeTextFile(`${folder}/data/mnist/${FETCHED.mnist.files.testLabels.name}`, "x");
  const { code, err } = await pack(folder, "svm", "--target", "linux-x64", "--deno", "absent");
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
