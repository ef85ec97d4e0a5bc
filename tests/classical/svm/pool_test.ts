import { assert } from "../../deps.ts";

const ROOT = new URL("../../../", import.meta.url);
const LIB = new URL("lib/", ROOT);

/** Runs a script that trains with two workers, with these permissions and no others. */
async function trainWith(...flags: readonly string[]): Promise<{ out: string; err: string }> {
  const script = `
    import { SVC } from "${new URL("classical/svm/svm.ts", LIB)}";
    const images = Uint8Array.of(9, 0, 8, 1, 0, 9, 1, 8, 5, 5, 6, 6);
    const labels = Uint8Array.of(0, 0, 1, 1, 2, 2);
    const Native = Worker;
    let started = 0;
    globalThis.Worker = class extends Native {
      constructor(...words) {
        super(...words);
        started++;
      }
    };
    const set = { images, labels, count: 6, height: 1, width: 2 };
    const svm = await SVC.fit(set, { gamma: 0.01, jobs: 2 });
    console.log(started, [...await svm.predict(images, { jobs: 1 })].join(""));
  `;
  const folder = await Deno.makeTempDir({ prefix: "inkling-" });
  try {
    await Deno.writeTextFile(`${folder}/main.js`, script);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-check", ...flags, `${folder}/main.js`],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { out: text(stdout).trim(), err: text(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("SVC.fit() uses workers where their file may be read", async () => {
  assert.deepEqual(await trainWith(`--allow-read=${LIB.pathname}`), { out: "2 001122", err: "" });
});

Deno.test("SVC.fit() does the work in its own thread where workers are forbidden", async () => {
  assert.deepEqual(await trainWith(), { out: "0 001122", err: "" });
});
