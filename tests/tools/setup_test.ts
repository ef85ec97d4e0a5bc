/** Tests of `inkling` and `tools/setup.sh` in checkouts whose PATH is all stubs. @module */

import { assert } from "../deps.ts";
import { dirname, join, resolve } from "../../lib/deps.ts";

const ROOT = resolve(dirname(new URL(import.meta.url).pathname), "../..");
const isUnix = Deno.build.os !== "windows";

/** The ordinary tools that the scripts use, reached through the stubs' folder. */
const TOOLS = ["mkdir", "tail", "chmod", "sed", "dirname", "readlink"];
const DENO = (version: string) =>
  `[ "$1" = --version ] && echo "deno ${version} (stable, release, any)" && exit
for word; do echo "<$word>"; done`;
const LOADER = `echo "	libvulkan.so.1 (libc6,x86-64) => /lib/libvulkan.so.1"`;
const NPM = `mkdir -p .tools/node_modules/@deno/linux-x64-glibc
printf '%s\\n' '#!/bin/sh' 'echo deno 2.9.6' > .tools/node_modules/@deno/linux-x64-glibc/deno`;
const HEALTHY = { deno: DENO("2.9.6"), ldconfig: LOADER, uname: "echo Linux", id: "echo 0" };

interface Run {
  code: number;
  stdout: string;
  stderr: string;
  /** The stubs that were called through `record`, with their words. */
  calls: string[];
}

/** Runs a script of the checkout where only these commands exist, each given by its shell code. */
async function run(
  commands: Record<string, string>,
  { script = "tools/setup.sh", args = [] as string[], driver = true, env = {}, from = "" } = {},
): Promise<Run> {
  const root = await Deno.makeTempDir({ prefix: "inkling setup " });
  try {
    const bin = join(root, "bin");
    for (const folder of ["bin", "tools", "icd"]) await Deno.mkdir(join(root, folder));
    for (const file of ["inkling", "tools/setup.sh"]) {
      await Deno.copyFile(join(ROOT, file), join(root, file));
    }
    if (driver) await Deno.writeTextFile(join(root, "icd/lvp.json"), "{}");
    const stubs = Object.fromEntries(
      TOOLS.map((tool) => [tool, `PATH=/usr/bin:/bin exec ${tool} "$@"`]),
    );
    for (const [name, code] of Object.entries({ ...stubs, ...commands })) {
      const record = /^(npm|apt-get)$/.test(name) ? `echo "${name} $*" >> "$CALLS"\n` : "";
      await Deno.writeTextFile(join(bin, name), `#!/bin/sh\n${record}${code}\n`, { mode: 0o755 });
    }
    const result = await new Deno.Command("sh", {
      args: [
        "-c",
        'PATH=$STUBS; export PATH; exec /bin/sh "$@"',
        "sh",
        join(root, script),
        ...args,
      ],
      cwd: from || root,
      env: {
        STUBS: bin,
        CALLS: join(root, "calls"),
        INKLING_ICD_DIRS: `${join(root, "nowhere")}:${join(root, "icd")}`,
        VK_DRIVER_FILES: "",
        VK_ICD_FILENAMES: "",
        ...env,
      },
    }).output();
    const calls = await Deno.readTextFile(join(root, "calls")).catch(() => "");
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return {
      code: result.code,
      stdout: text(result.stdout),
      stderr: text(result.stderr),
      calls: calls.split("\n").filter(Boolean),
    };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !isUnix, fn });
}

test("setup.sh does nothing and says nothing when all is there", async () => {
  const result = await run({ ...HEALTHY, npm: NPM, "apt-get": ":" });
  assert.deepEqual(result, { code: 0, stdout: "", stderr: "", calls: [] });
});

test("setup.sh compares versions as numbers", async () => {
  for (const version of ["2.9.6", "2.9.10", "2.10.0", "3.0.0", "2.10.0-rc.1"]) {
    const { calls } = await run({ ...HEALTHY, deno: DENO(version), npm: NPM });
    assert.deepEqual(calls, [], version);
  }
  for (const version of ["2.9.5", "2.8.100", "1.46.3", "nonsense", ""]) {
    const { calls, code } = await run({ ...HEALTHY, deno: DENO(version), npm: NPM });
    assert.equal(calls.length, 1, version);
    assert.match(calls[0]!, /^npm install .*--ignore-scripts.* deno@2\.9\.6$/);
    assert.equal(code, 0);
  }
});

test("setup.sh installs Deno as a plain file and puts it first on the PATH", async () => {
  const { deno: _, ...withoutDeno } = HEALTHY;
  const result = await run({ ...withoutDeno, npm: NPM }, { script: "inkling", args: ["cnn"] });
  assert.equal(result.code, 0);
  assert.equal(result.stdout, "deno 2.9.6\n");
  assert.match(result.stderr, /^Installing Deno 2\.9\.6 .*40 MB.*\n$/);
});

test("setup.sh says how npm failed", async () => {
  const failing = "echo 'npm error network is down' >&2; exit 3";
  const failed = await run({ ...HEALTHY, deno: "exit 1", npm: failing });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /error: Cannot install Deno: "npm install/);
  assert.match(failed.stderr, /npm error network is down\n$/);

  const absent = await run({ ...HEALTHY, deno: "exit 1" });
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /^error: Cannot install Deno: npm was not found\. [^\n]*\n$/);

  const useless = await run({ ...HEALTHY, deno: "exit 1", npm: ":" });
  assert.equal(useless.code, 1);
  assert.match(useless.stderr, /error: Cannot use Deno 2\.9\.6 from npm/);
});

test("setup.sh installs the missing one of loader and driver as root", async () => {
  const install = "apt-get install -y --no-install-recommends";
  const both = await run({ ...HEALTHY, ldconfig: ":", "apt-get": ":" }, { driver: false });
  assert.deepEqual(both.calls, ["apt-get update", `${install} libvulkan1 mesa-vulkan-drivers`]);
  assert.equal(both.code, 0);
  const loader = await run({ ...HEALTHY, ldconfig: ":", "apt-get": ":" });
  assert.deepEqual(loader.calls, ["apt-get update", `${install} libvulkan1`]);
  const driver = await run({ ...HEALTHY, "apt-get": ":" }, { driver: false });
  assert.deepEqual(driver.calls, ["apt-get update", `${install} mesa-vulkan-drivers`]);
});

test("setup.sh says how apt-get failed", async () => {
  const failing = `[ "$1" = update ] || { echo "E: Unable to locate package"; exit 100; }`;
  const result = await run({ ...HEALTHY, "apt-get": failing }, { driver: false });
  assert.equal(result.code, 1);
  assert.match(result.stderr, /error: Cannot install a Vulkan driver: .*\nE: Unable to locate/);
});

test("setup.sh tells who is not root what to run, and goes on", async () => {
  const user = { ...HEALTHY, id: "echo 1000" };
  const result = await run({ ...user, "apt-get": ":" }, { driver: false });
  assert.equal(result.code, 0);
  assert.deepEqual(result.calls, []);
  assert.match(
    result.stderr,
    /\n {2}sudo apt-get update && sudo apt-get install [^\n]* mesa-vulkan-drivers\n$/,
  );
  const noApt = await run(user, { driver: false });
  assert.equal(noApt.code, 0);
  assert.match(noApt.stderr, /^note: No Vulkan driver was found[^\n]*package manager\.\n$/);
});

test("setup.sh needs no driver where the user names one, nor on macOS", async () => {
  const named = { driver: false, env: { VK_DRIVER_FILES: "/opt/driver.json" } };
  assert.deepEqual((await run({ ...HEALTHY, "apt-get": ":" }, named)).calls, []);
  const mac = { ...HEALTHY, uname: "echo Darwin", ldconfig: "exit 127", "apt-get": ":" };
  const onMac = await run(mac, { driver: false });
  assert.deepEqual([onMac.calls, onMac.stderr], [[], ""]);
});

test("inkling hands every word to the task, from any folder", async () => {
  const args = ["cnn", "--out", "two words", "", "a'b\"$HOME*"];
  const { code, stdout, stderr } = await run(HEALTHY, { script: "inkling", args, from: "/" });
  assert.equal(stdout, ["task", "--quiet", ...args].map((word) => `<${word}>\n`).join(""));
  assert.deepEqual([code, stderr], [0, ""]);
});

test("inkling without a task lists them", async () => {
  const list = `[ "$1" = --version ] && echo "deno 2.9.6" && exit
printf '%s\\n' 'Available tasks:' '- cnn' '    // Trains a CNN' '    deno run cnn.ts' '- svm'`;
  for (const args of [[], ["--help"], ["-h"]]) {
    const { stdout, code } = await run({ ...HEALTHY, deno: list }, { script: "inkling", args });
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: \.\/inkling TASK/);
    assert.match(stdout, /\n {2}cnn\n {6}Trains a CNN\n {2}svm\n$/);
  }
});
