import { assert } from "../deps.ts";
import { assertOneError, lastJson, runTaskProcess } from "./process.ts";

const inspect = (...args: string[]) => runTaskProcess("inspect", [], args);

Deno.test("inspect shows a network without permission and without an adapter", async () => {
  const none = { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" };
  const { code, out, err } = await runTaskProcess("inspect", [], ["--preset", "dit-s4"], none);
  assert.equal(code, 0, err);
  assert.equal(err, "");
  assert.match(
    out,
    /^dit-s4: 384 wide, 12 blocks, 6 heads\nimages 28×28×1, 10 classes, 400 time steps; /,
  );
  assert.match(out, /^blocks\.0 … 11 /m);
  assert.match(out, /^parameters {2}32 497 552: 32 478 736 trained, 18 816 frozen$/m);
  assert.ok(out.split("\n").every((line) => line.length <= 100));
});

Deno.test("inspect --full gives each block its lines", async () => {
  const { out } = await inspect("--preset", "dit-light", "--full");
  assert.match(out, /^blocks\.0 +DiTBlock/m);
  assert.match(out, /^blocks\.1 +DiTBlock/m);
});

Deno.test("inspect lists all networks", async () => {
  const { code, out } = await inspect();
  assert.equal(code, 0);
  assert.match(out, /^cnn +3 199 106 +27 616 800 {2}two 5×5 convolutions/m);
  assert.match(out, /^gan +2 946 577 /m);
  assert.ok(out.split("\n").every((line) => line.length <= 100));
  const digits = await inspect("--dataset", "digits");
  assert.match(digits.out, /^ddpm +- +- {2}takes no 8×8 images$/m);
});

Deno.test("inspect --json gives one network, or all, as one line", async () => {
  const { out } = await inspect("--preset", "ddpm", "--batch-size", "8", "--json");
  assert.equal(out.split("\n").length, 2);
  const { layers, memory, ...rest } = lastJson(out);
  assert.deepEqual(rest, {
    task: "inspect",
    preset: "ddpm",
    dataset: "mnist",
    input: [28, 28, 1],
    classes: 10,
    timesteps: 1000,
    parameters: 606_852,
    frozen: 100_000,
    unused: 15_680,
    buffers: 0,
    flops: 49_863_042,
    trained: 491_172,
    flops_per_multiply_add: 2,
    batch_size: 8,
  });
  assert.equal(memory.adam, 8 * 491_172);
  assert.equal(layers.find(({ path }: { path: string }) => path === "b1").layers.length, 3);
  const all = lastJson((await inspect("--json", "--dataset", "digits")).out).presets;
  assert.equal(all.length, 18);
  assert.match(all.find(({ preset }: { preset: string }) => preset === "ddpm").problem, /got 8x8$/);
});

Deno.test("inspect refuses unknown networks and images that do not fit", async () => {
  assertOneError(
    await inspect("--preset", "dit-s5"),
    2,
    /--preset must be one of .* got "dit-s5"\. Did you mean dit-s4\?$/,
  );
  assertOneError(await inspect("--preset", "ddpm", "--dataset", "digits"), 2, /got 8x8$/);
  assertOneError(await inspect("--preset", "mlp", "--batch-size", "0"), 2, /--batch-size must be/);
});
