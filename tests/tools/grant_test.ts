/** Tests of `tools/grant.ts`: the permissions that follow from a command line. @module */

import { assert } from "../deps.ts";
import { dirname, join, resolve } from "../../lib/deps.ts";
import { denoArguments } from "../../tools/grant.ts";

const GRANT = resolve(dirname(new URL(import.meta.url).pathname), "../../tools/grant.ts");
const isUnix = Deno.build.os !== "windows";
const ENV = "XDG_RUNTIME_DIR,LD_LIBRARY_PATH,LD_PRELOAD";
const STATED = ["--allow-read=data", "--allow-net=host1,host2"];
const OWN = ["--write-options=data,out", "--read-options=checkpoint,resume"];

/** The permissions of paths that these words of a user lead to. */
function granted(args: string[], own = OWN): string[] {
  const words = denoArguments([...own, ...STATED, "task.ts", ...args]);
  assert.deepEqual(words.slice(0, 5), ["run", "--quiet", "--no-prompt", ...STATED]);
  const script = words.indexOf("task.ts");
  assert.deepEqual(words.slice(script + 1), args);
  return words.slice(5, script).map((flag) => flag.replace("--allow-", ""));
}

Deno.test("denoArguments() grants nothing more when no path is named", () => {
  assert.deepEqual(granted([]), []);
  assert.deepEqual(granted(["--epochs", "3", "--output", "x", "--lr=/etc", "word", "-d", "y"]), []);
});

Deno.test("denoArguments() lets the task read and write what it is told to write", () => {
  const expected = ["read=/a b", "read=/a b.part", "write=/a b", "write=/a b.part"];
  assert.deepEqual(granted(["--out", "/a b"]), expected);
  assert.deepEqual(granted(["--epochs", "3", "--out=/a b", "--quiet"]), expected);
});

Deno.test("denoArguments() lets the task only read what it is told to read", () => {
  assert.deepEqual(granted(["--checkpoint", "m.safetensors"]), ["read=m.safetensors"]);
  assert.deepEqual(granted(["--checkpoint=x=y", "--resume", "r"]), ["read=x=y", "read=r"]);
});

Deno.test("denoArguments() takes no option for the value of another", () => {
  const expected = ["read=d", "read=d.part", "write=d", "write=d.part"];
  assert.deepEqual(granted(["--out", "--data", "d"]), expected);
  assert.deepEqual(granted(["--out"]), []);
  assert.deepEqual(granted(["--out="]), []);
  assert.deepEqual(granted(["--out", "", "x"]), []);
});

Deno.test("denoArguments() grants words without an option only when told so", () => {
  const own = [...OWN, "--read-positionals"];
  assert.deepEqual(granted(["a.png", "--checkpoint", "c", "b.png"], own), [
    "read=a.png",
    "read=c",
    "read=b.png",
  ]);
  assert.deepEqual(granted(["--", "--out", "-x"], own), ["read=--out", "read=-x"]);
  assert.deepEqual(granted(["--", "--out", "x"]), []);
});

Deno.test("denoArguments() lets the task reach a server in the place of a path, and no other", () => {
  assert.deepEqual(granted(["--data", "http://server:8080/data"]), ["net=server:8080"]);
  assert.deepEqual(granted(["--data=https://server/data"]), ["net=server:443"]);
  assert.deepEqual(granted(["--data", "HTTP://[::1]/"]), ["net=[::1]:80"]);
  assert.deepEqual(granted(["--checkpoint", "http://"]), ["read=http://"]);
  assert.deepEqual(granted(["--name", "http://server/"]), []);
});

Deno.test("denoArguments() lets the task listen where it is told to", () => {
  const own = [...OWN, "--net-options=host"];
  assert.deepEqual(granted(["--host", "0.0.0.0"], own), ["net=0.0.0.0"]);
  assert.deepEqual(granted(["--host=::1"], own), ["net=[::1]"]);
  assert.deepEqual(granted(["--host", "[::1]"], own), ["net=[::1]"]);
  assert.deepEqual(granted(["--host", "0.0.0.0"]), []);
  assert.throws(() => granted(["--host", "a,b"], own), RangeError);
});

Deno.test("denoArguments() lets the task read the binary of Deno when told so", () => {
  assert.deepEqual(granted([], [...OWN, "--read-deno"]), [`read=${Deno.execPath()}`]);
});

Deno.test("denoArguments() lets a task that starts programs start all where libraries are chosen", () => {
  const words = ["--allow-run=deno,sbatch", "--allow-read=runs", "task.ts", "--allow-run=x"];
  const flags = (anyProgram: boolean) => denoArguments(words, anyProgram).slice(3);
  assert.deepEqual(flags(false), words);
  assert.deepEqual(flags(true), ["--allow-run", ...words.slice(1)]);
});

Deno.test("denoArguments() refuses a comma, at which Deno would split the path", () => {
  assert.throws(() => granted(["--out", "a,/etc"]), {
    name: "RangeError",
    message: /split a path at its commas, got "a,\/etc"\. Use a path/,
  });
  assert.throws(() => denoArguments(OWN), RangeError);
});

const TASK = `
const [mode, ...paths] = Deno.args.filter((word) => word !== "--out");
if (mode === "state") {
  for (const path of paths) {
    for (const name of ["read", "write"]) {
      console.log(name, (await Deno.permissions.query({ name, path })).state);
    }
  }
  console.log((await Deno.permissions.query({ name: "run" })).state);
} else if (mode === "exit") {
  console.error("to stderr");
  console.log(await new Response(Deno.stdin.readable).text());
  Deno.exit(17);
} else if (mode === "kill") {
  Deno.kill(Deno.pid, "SIGKILL");
} else {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    Deno.addSignalListener(signal, () => {
      console.log("got", signal);
      Deno.exit(5);
    });
  }
  console.log("ready");
  await new Promise((resolve) => setTimeout(resolve, 20_000));
}
`;

/** Starts the launcher on a task that does what its first word says. */
async function launch(
  args: string[],
  use: (child: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "task.js"), TASK);
    const flags = ["--no-prompt", "--allow-run", `--allow-env=${ENV}`];
    const child = new Deno.Command("deno", {
      args: ["run", "--quiet", ...flags, GRANT, "--write-options=out", "task.js", ...args],
      cwd: folder,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await use(child);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("grant.ts gives the task the named path, and no other", async () => {
  await launch(["state", "--out", "/named", "/other", "/named.other"], async (child) => {
    await child.stdin.close();
    const { stdout, stderr } = await child.output();
    const [named, others] = ["granted\n", "prompt\n"].map((state) => `read ${state}write ${state}`);
    assert.equal(text(stdout), `${named}${others}${others}prompt\n`);
    assert.equal(text(stderr), "");
  });
});

Deno.test("grant.ts passes on streams and the exit status", async () => {
  await launch(["exit"], async (child) => {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("from stdin"));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    assert.deepEqual([code, text(stdout), text(stderr)], [17, "from stdin\n", "to stderr\n"]);
  });
});

Deno.test({
  name: "grant.ts exits with 128 + n when a signal killed the task",
  ignore: !isUnix,
  fn: () =>
    launch(["kill"], async (child) => {
      await child.stdin.close();
      assert.equal((await child.output()).code, 128 + 9);
    }),
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test({
    name: `grant.ts forwards ${signal} and waits for the task`,
    ignore: !isUnix,
    fn: () =>
      launch(["wait"], async (child) => {
        await child.stdin.close();
        const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
        let seen = "";
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          if (seen === "") child.kill(signal);
          seen += value;
        }
        await child.stderr.cancel();
        assert.equal(seen, `ready\ngot ${signal}\n`);
        assert.equal((await child.status).code, 5);
      }),
  });
}
