import { findRun } from "../../lib/compare/find_run.ts";
import { join } from "../../lib/deps.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";

const CONFIG = { model: "cnn", recipe: { lr: 0.1, seed: 1 }, dataset: { name: "digits" } };

async function makeRun(parent: string, name: string, config: string, result?: string) {
  await Deno.mkdir(join(parent, name), { recursive: true });
  await Deno.writeTextFile(join(parent, name, "config.json"), config);
  if (result) await Deno.writeTextFile(join(parent, name, "result.json"), result);
}

Deno.test("findRun() takes a finished run of the same configuration before one under way", async () => {
  await using folder = await temporaryFolder();
  const parent = join(folder.path, "cnn");
  await makeRun(parent, "1-stopped", JSON.stringify(CONFIG));
  await makeRun(parent, "2-other", JSON.stringify({ ...CONFIG, model: "mlp" }), "{}");
  await makeRun(parent, "3-broken", "{");
  const wanted = { model: "cnn", recipe: CONFIG.recipe, "dataset.name": "digits" };
  assert.deepEqual(await findRun(parent, wanted), {
    folder: join(parent, "1-stopped"),
    finished: false,
  });
  await makeRun(parent, "4-damaged", JSON.stringify(CONFIG), "{");
  await makeRun(parent, "5-finished", JSON.stringify(CONFIG), "{}");
  assert.deepEqual(await findRun(parent, wanted), {
    folder: join(parent, "5-finished"),
    finished: true,
  });
});

Deno.test("findRun() sees that a finished run was resumed for more epochs", async () => {
  await using folder = await temporaryFolder();
  const config = JSON.stringify({ recipe: { epochs: 9 } });
  await makeRun(folder.path, "1", config, JSON.stringify({ epochs: 5 }));
  assert.equal((await findRun(folder.path, {}))!.finished, false);
  await makeRun(folder.path, "1", config, JSON.stringify({ epochs: 9 }));
  assert.equal((await findRun(folder.path, {}))!.finished, true);
});

Deno.test("findRun() wants the whole of a recipe to be the same", async () => {
  await using folder = await temporaryFolder();
  await makeRun(folder.path, "1", JSON.stringify(CONFIG), "{}");
  const of = (recipe: object) => findRun(folder.path, { recipe });
  assert.ok(await of({ seed: 1, lr: 0.1, ema: undefined }));
  assert.equal(await of({ lr: 0.1 }), undefined);
  assert.equal(await of({ lr: 0.1, seed: 2 }), undefined);
  assert.equal(await findRun(folder.path, { "dataset.name": "mnist" }), undefined);
  assert.equal(await findRun(join(folder.path, "missing"), {}), undefined);
});
