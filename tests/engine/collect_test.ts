import { assert } from "../deps.ts";

const MIB = 2 ** 20;
/** Without collections the last 2000 steps take 90 MiB more. */
const BOUND = 32 * MIB;

Deno.test("collectIfDue() keeps the memory of 3000 eager steps flat", async () => {
  // By itself: other tests take memory of the same process.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", new URL("./eager_steps.ts", import.meta.url).href],
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/dev/null" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stderr));
  const grown = Number(text(stdout));
  assert.ok(grown < BOUND, `${(grown / MIB).toFixed(0)} MiB`);
});
