import os from "node:os";
import { assert } from "../deps.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assertOneError, type Ended, lastJson, runTaskProcess, saveTinyMnist } from "./process.ts";

const SHARED = new URL("../../../shared/datasets", import.meta.url);
const shared = await Deno.stat(SHARED).then(() => true, () => false);

function run(folder: string, env: Record<string, string>, ...args: string[]): Promise<Ended> {
  const flags = [`--allow-read=${folder},/usr/share/vulkan,/etc/vulkan`, "--allow-sys"];
  return runTaskProcess("doctor", flags, ["--data", `${folder}/data`, ...args], env);
}

Deno.test("doctor finds that training works, in sections on one screen", async () => {
  await using folder = await temporaryFolder();
  const { code, out, err } = await run(folder.path, {});
  assert.equal(code, 0, err);
  assert.equal(err, "");
  const lines = out.trimEnd().split("\n");
  assert.deepEqual(lines.filter((line) => /^[a-z]+$/.test(line)), [
    "versions",
    "machine",
    "drivers",
    "permissions",
    "datasets",
    "adapter",
    "compute",
  ]);
  assert.equal(lines.at(-1), "Training works on this machine.");
  assert.ok(lines.length < 60, `${lines.length} lines`);
  assert.ok(lines.every((line) => line.length <= 100));
  assert.match(out, /^ {2}deno {11}\d+\.\d+\.\d+$/m);
  assert.match(out, /subgroups (yes|no), shader-f16 (yes|no), timestamp-query (yes|no)/);
  assert.match(out, /4 missing; get it with deno task data fetch --dataset mnist$/m);
});

Deno.test("doctor needs no permission", async () => {
  const { code, out, err } = await runTaskProcess("doctor", [], []);
  assert.equal(code, 0, err);
  assert.match(out, /mnist +no permission to look/);
  assert.match(out, /^ {2}read +data no, runs no$/m);
});

/** Where packages are cached, which a process with another home would not find. */
async function cacheFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

Deno.test("doctor tells neither the home folder nor the user's name", async () => {
  await using folder = await temporaryFolder();
  await saveTinyMnist(`${folder.path}/data`);
  const cache = { DENO_DIR: await cacheFolder() };
  for (const args of [[], ["--json"]]) {
    const { code, out, err } = await run(folder.path, { HOME: folder.path, ...cache }, ...args);
    assert.equal(code, 0, err);
    assert.ok(out.includes("~/data"), out);
    assert.ok(!out.includes(folder.path), out);
    assert.match(out, args.length > 0 ? /"unpacked":4/ : /mnist +4 unpacked/);
  }
  const { username } = os.userInfo();
  const args = ["--data", `/scratch/${username}/data`];
  const { out } = await runTaskProcess("doctor", ["--allow-sys"], args, { HOME: "/", ...cache });
  assert.ok(out.includes("/scratch/…/data no"), out);
});

Deno.test("doctor gives everything as one line of JSON", async () => {
  await using folder = await temporaryFolder();
  const { code, out } = await run(folder.path, {}, "--json", "--net");
  assert.equal(code, 0);
  assert.equal(out.split("\n").length, 2);
  const report = lastJson(out);
  assert.equal(report.ok, true);
  assert.equal(report.problem, null);
  assert.equal(report.versions.deno, Deno.version.deno);
  assert.equal(report.machine.cores, navigator.hardwareConcurrency);
  assert.equal(report.machine.memory, Deno.systemMemoryInfo().total);
  // What WebGPU promises of every adapter.
  assert.ok(report.adapter.limits.maxComputeInvocationsPerWorkgroup >= 256);
  assert.ok(report.adapter.limits.maxStorageBuffersPerShaderStage >= 8);
  assert.ok(report.compute.matmul_ms > 0 && report.compute.step_ms > 0);
  const granted = report.permissions.filter((one: { granted: boolean }) => one.granted);
  assert.deepEqual(granted.map((one: { kind: string }) => one.kind), ["read", "sys"]);
  // Without permission no mirror is asked.
  assert.equal(report.mirrors.length, 4);
  for (const { answer } of report.mirrors) assert.match(answer, /^no permission/);
});

Deno.test({
  name: "doctor without an adapter says last what to install",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await temporaryFolder();
    const none = "/nonexistent.json";
    const env = { DENO_WEBGPU_BACKEND: "vulkan", VK_DRIVER_FILES: none, VK_ICD_FILENAMES: none };
    const ended = await run(folder.path, env);
    assertOneError(ended, 1, /no Vulkan adapter found\. Install .*mesa-vulkan-drivers/);
    assert.match(ended.out, /^datasets$/m);
    assert.doesNotMatch(ended.out, /Training works/);
    const json = await run(folder.path, env, "--json");
    assert.equal(json.code, 1);
    const report = lastJson(json.out);
    assert.equal(report.ok, false);
    assert.match(report.problem, /no Vulkan adapter found/);
  },
});

Deno.test({
  name: "doctor verifies the published files, and sees a damaged one",
  ignore: !shared,
  async fn() {
    await using folder = await temporaryFolder();
    await Deno.mkdir(`${folder.path}/data`);
    await Deno.symlink(SHARED.pathname + "/mnist", `${folder.path}/data/mnist`);
    await Deno.mkdir(`${folder.path}/data/fashion-mnist`);
    await Deno.writeTextFile(`${folder.path}/data/fashion-mnist/t10k-labels-idx1-ubyte.gz`, "x");
    const flags = [`--allow-read=${folder.path},${SHARED.pathname}`];
    const { code, out } = await runTaskProcess("doctor", flags, [
      "--data",
      `${folder.path}/data`,
    ]);
    assert.equal(code, 0);
    // 9 912 422 + 28 881 + 1 648 877 + 4 542 bytes.
    assert.match(out, /mnist +4 verified, 11\.6 MB$/m);
    assert.match(out, /fashion-mnist +1 damaged, 3 missing; see deno task data verify/);
  },
});
