/** Tests of the life of a task's process, on the task in `task.ts`. @module */

import { assert } from "../deps.ts";
import { endingOf } from "../../lib/cli/run.ts";
import { CheckpointError } from "../../lib/errors.ts";

const TASK = new URL("./task.ts", import.meta.url).href;

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: ["run", "--quiet", "--no-prompt", "--allow-read=nowhere", TASK, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(...args: string[]): Promise<[code: number, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await start(...args).output();
  return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)];
}

Deno.test("runTask() exits with the status that main gives", async () => {
  assert.deepEqual(await run(), [0, "", ""]);
  assert.deepEqual(await run("--how", "status"), [7, "", ""]);
});

Deno.test("runTask() prints help on stdout, even beside wrong words", async () => {
  for (const args of [["--help"], ["-h"], ["--nonsense", "--help"]]) {
    const [code, stdout, stderr] = await run(...args);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^Usage: deno task ending \[options\]\n/);
  }
});

Deno.test("runTask() ends with one line and 2 for wrong usage", async () => {
  assert.deepEqual(await run("--hwo", "well"), [
    2,
    "",
    "error: Cannot read the options of ending: unknown option --hwo. Did you mean --how? " +
    "(--help lists all)\n",
  ]);
});

Deno.test("runTask() ends with one line and 1 for an error that the user can mend", async () => {
  const line = "error: Cannot read x: it is empty, got 0 bytes.\n";
  assert.deepEqual(await run("--how", "data"), [1, "", line]);
  assert.deepEqual(await run("--how", "forgotten"), [1, "", "error: Cannot wait.\n"]);
});

Deno.test("runTask() calls any other error a defect and shows its stack with --debug", async () => {
  const line = "error: TypeError: x is not a function " +
    "(a defect of ending; run with --debug for the stack)\n";
  assert.deepEqual(await run("--how", "defect"), [1, "", line]);
  const [code, stdout, stderr] = await run("--how", "defect", "--debug");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.ok(stderr.startsWith(line));
  assert.match(stderr, /\n {4}at .*task\.ts:\d+/);
});

Deno.test("runTask() names the permission that lacks", async () => {
  assert.deepEqual(await run("--how", "write"), [
    1,
    "",
    'error: Cannot run ending: it has no write access to "/no/where". ' +
    "Run it with --allow-write=/no/where\n",
  ]);
});

Deno.test("runTask() passes on what the operating system says", async () => {
  const [code, , stderr] = await run("--how", "missing");
  assert.equal(code, 1);
  assert.match(stderr, /^error: Cannot finish ending: No such file[^\n]*'nowhere\/at-all'\n$/);
});

Deno.test("runTask() ends without a word when its reader goes away", async () => {
  const child = start("--how", "pipe");
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [status, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assert.deepEqual([status.code, stderr], [141, ""]);
});

Deno.test("endingOf() keeps each message to one line", () => {
  const error = new CheckpointError("Cannot load a:\n  b\r\n c\u2028d.");
  assert.deepEqual(endingOf(error, "x"), { message: "Cannot load a: b c d.", exitCode: 1 });
  assert.match(endingOf("thrown\ntext", "x").message, /^thrown text \(a defect of x;/);
});

Deno.test("endingOf() names the flag of every kind of permission", () => {
  const message = (target: string, kind: string) =>
    endingOf(
      new Deno.errors.NotCapable(
        `Requires ${kind} access to ${target}, run again with the --allow-${kind} flag`,
      ),
      "x",
    ).message;
  assert.match(
    message('"host:443"', "net"),
    /no net access to "host:443"\. .* --allow-net=host:443$/,
  );
  assert.match(message("<CWD>", "read"), /no read access to <CWD>\. .* --allow-read$/);
  assert.match(message('"/a,b"', "read"), /--allow-read$/);
  assert.match(message('"/proc/x"', "all"), /no task may touch "\/proc\/x"\. Choose another path$/);
});
