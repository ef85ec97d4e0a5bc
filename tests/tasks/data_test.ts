import { readPng } from "../../lib/data/read_png.ts";
import { assert } from "../deps.ts";
import { temporaryFolder } from "../data/mirror.ts";

const ROOT = new URL("../../", import.meta.url);
const SHARED = new URL("../../../shared/datasets", import.meta.url);
const shared = await Deno.stat(SHARED).then(() => true, () => false);

/** Runs the task as a process that may reach nothing but the given folder and the project. */
async function run(writable: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      `--allow-write=${writable}`,
      "tasks/data.ts",
      ...args,
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("data lists every data set with its licence and what is missing", async () => {
  await using folder = await temporaryFolder();
  const { code, out } = await run(folder.path, "--data", folder.path);
  assert.equal(code, 0);
  for (const word of ["mnist", "fashion-mnist", "digits", "CC BY-SA 3.0", "MIT", "CC BY 4.0"]) {
    assert.ok(out.includes(word), word);
  }
  assert.equal(out.match(/^ {2}missing /gm)?.length, 8);
});

Deno.test("data verify fails for a damaged file and names it", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/mnist/t10k-labels-idx1-ubyte.gz`;
  await Deno.mkdir(`${folder.path}/mnist`);
  assert.equal((await run(folder.path, "verify", "--data", folder.path)).code, 0);
  await Deno.writeFile(path, new Uint8Array(4542));
  const { code, out, err } = await run(folder.path, "verify", "--data", folder.path);
  assert.equal(code, 1);
  assert.match(out, /^damaged +4542 bytes +.*t10k-labels-idx1-ubyte\.gz$/m);
  assert.match(err, /^Cannot use .*t10k-labels-idx1-ubyte\.gz: the published file has 4542 bytes/);
});

Deno.test("data verify fails for a data set that was named and is not there", async () => {
  await using folder = await temporaryFolder();
  const args = ["verify", "--data", folder.path, "--dataset", "mnist"];
  assert.equal((await run(folder.path, ...args)).code, 1);
});

Deno.test("data fetch without the network says in one line how to bring the files", async () => {
  await using folder = await temporaryFolder();
  const args = ["fetch", "--data", folder.path, "--dataset", "fashion-mnist"];
  const { code, err } = await run(folder.path, ...args);
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot get fashion-mnist: [^\n]*by hand: [^\n]*\n$/);
});

Deno.test("data show draws ten images of each class and prints where", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/sheet.png`;
  const { code, out } = await run(folder.path, "show", "--dataset", "digits", "--out", path);
  assert.equal(code, 0);
  assert.equal(out, `${path}\n`);
  const { width, height } = await readPng(path);
  assert.ok(width > 10 * 80 && height > 10 * 80, `${width}x${height}`);
  const absent = await run(folder.path, "show", "--dataset", "digits", "--out", `${path}/x/y.png`);
  assert.equal(absent.code, 1);
  assert.match(absent.err, /^error: Cannot write [^\n]+\n$/);
});

Deno.test("data refuses an unknown action with exit status 2", async () => {
  await using folder = await temporaryFolder();
  const { code, err } = await run(folder.path, "remove");
  assert.equal(code, 2);
  assert.match(err, /^error: Cannot run data: .*got "remove"[^\n]*\n$/);
});

Deno.test({
  name: "data verify accepts the published files",
  ignore: !shared,
  async fn() {
    await using folder = await temporaryFolder();
    const { code, out } = await run(folder.path, "verify", "--data", SHARED.pathname);
    assert.equal(code, 0);
    assert.equal(out.match(/^verified /gm)?.length, 8);
  },
});
