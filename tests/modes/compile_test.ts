/**
 * Programs. Where Deno's runtime for them cannot be downloaded the binary of Deno itself stands in:
 * what it makes holds the same files and permissions, but behaves as Deno does. So the files are
 * taken out, and run by `deno` with the permissions that are in the program.
 *
 * @module
 */

import { checkBudget, PROGRAM_BUDGET } from "../../lib/dist/budget.ts";
import { programPath } from "../../lib/dist/compile.ts";
import { TARGET_NAMES } from "../../lib/dist/targets.ts";
import { taskOf } from "../../lib/dist/task_script.ts";
import { assert } from "../deps.ts";
import { openProgram, type Program } from "./program.ts";
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

const compile = (folder: string, args: string[], env: Record<string, string>) =>
  runDeno(
    [
      ...["run", "--no-prompt", "--allow-run", "--allow-read", `--allow-write=${folder}`],
      ...["tools/compile.ts", "--out", folder, ...args],
    ],
    ROOT,
    env,
  );

/** Runs what is in a program as it would run itself: in an empty folder, with an empty cache. */
async function runProgram(
  { flags, files }: Program,
  words: readonly string[],
  check: typeof assertTrained,
): Promise<void> {
  await using sandbox = await openSandbox();
  const [name, code] = [...files][0]!;
  const path = `${sandbox.folder}/../${name}`;
  await Deno.writeFile(path, code);
  const offline = ["--no-remote", "--no-npm", "--no-config", "--cached-only"];
  const run = ["run", "--quiet", "--no-prompt", ...offline, ...flags, path, ...words];
  await check(await sandbox.deno(...run), sandbox.folder);
}

Deno.test({
  name: "compile makes programs of bundles with the permissions of their tasks",
  ignore: !canBundle,
  async fn(t) {
    await using sandbox = await openSandbox();
    const tasks = ["cnn", "dit:sample", "svm"];
    const env = { DENORT_BIN: Deno.execPath() };
    const made = await compile(sandbox.folder, [...tasks, "--target", "linux-x64"], env);
    assert.equal(made.code, 0, made.err);
    const folder = `${sandbox.folder}/bin/linux-x64`;
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assert.deepEqual(names.sort(), ["cnn", "dit_sample", "svm"]);
    const lines = made.out.trimEnd().split("\n");
    const programs = new Map<string, Program>();
    for (const [i, file] of names.entries()) {
      await t.step(`${file} holds its bundle, its permissions, and nothing else`, async () => {
        const { name, permissions } = taskOf(file);
        const escaped =
          `${name} +\\d+\\.\\d MB {2}\\S+/bin/linux-x64/${file} \\([1-6]\\.\\d MB its own\\)`;
        assert.match(lines[i]!, new RegExp(`^${escaped}$`));
        const program = openProgram(await Deno.readFile(`${folder}/${file}`));
        assert.deepEqual([...program.files.keys()], [`${file}.js`]);
        const bundle = await Deno.readFile(`${sandbox.folder}/${file}.js`);
        assert.ok(program.files.get(`${file}.js`)!.every((byte, i) => byte === bundle[i]));
        assert.deepEqual(program.flags.toSorted(), permissions.toSorted());
        assert.equal(program.asks, false);
        programs.set(file, program);
      });
    }
    await t.step("svm has its workers in it", () => {
      const text = new TextDecoder().decode(programs.get("svm")!.files.get("svm.js"));
      assert.ok(text.includes('new URL("data:text/javascript;base64,'));
    });
    await t.step("what is in cnn trains, offline", () => {
      return runProgram(programs.get("cnn")!, TRAIN, assertTrained);
    });
    await t.step("what is in dit:sample draws, offline", () => {
      return runProgram(programs.get("dit_sample")!, DRAW, assertDrawn);
    });
  },
});

Deno.test("compile says how to bring a runtime that cannot be had, and leaves nothing", async () => {
  for (const target of ["macos-arm64", "windows-x64"] as const) {
    await using sandbox = await openSandbox();
    const env = { DENORT_BIN: `${sandbox.folder}/absent` };
    const { code, err } = await compile(sandbox.folder, ["svm", "--target", target], env);
    assert.equal(code, 1);
    const zip = { "macos-arm64": "aarch64-apple-darwin", "windows-x64": "x86_64-pc-windows-msvc" };
    const expected = `^error: Cannot compile for ${target}: [^\\n]*denort-${zip[target]}\\.zip` +
      "[^\\n]*DENORT_BIN\\.\\n$";
    assert.match(err, new RegExp(expected));
    const folder = `${sandbox.folder}/bin/${target}`;
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  }
});

Deno.test("compile refuses a machine that it does not know", async () => {
  await using sandbox = await openSandbox();
  const { code, err } = await compile(sandbox.folder, ["svm", "--target", "amiga"], {});
  assert.equal(code, 2);
  assert.match(err, /^error: [^\n]*--target must be one of linux-x64, [^\n]*got "amiga"[^\n]*\n$/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(sandbox.folder)), []);
});

Deno.test("programPath() gives programs for Windows their ending, and others none", () => {
  for (const target of TARGET_NAMES) {
    const expected = target.startsWith("windows-") ? "bin/svm.exe" : "bin/svm";
    assert.equal(programPath("bin/svm", target), expected);
  }
});

Deno.test("checkBudget() holds a program to six megabytes over its runtime", () => {
  checkBudget("a program", new Map([["cnn", 6e6]]), PROGRAM_BUDGET);
  assert.throws(() => checkBudget("a program", new Map([["cnn", 6e6 + 1]]), PROGRAM_BUDGET), {
    name: "InklingError",
  });
});
