import { join } from "../../lib/deps.ts";
import {
  createRunFolder,
  readConfig,
  type RunConfig,
  versions,
  writeConfig,
  writeMetrics,
} from "../../lib/train/run_folder.ts";
import { assert } from "../deps.ts";
import { withFolder } from "./scratch.ts";

const TIME = new Date("2024-02-03T04:05:06.789Z");

const config: RunConfig = {
  task: "mlp",
  model: "mlp",
  parameters: 17_226,
  shape: { height: 8, width: 8, channels: 1, classes: 10 },
  recipe: {
    epochs: 2,
    batchSize: 64,
    optimizer: "adam",
    lr: 0.001,
    schedule: "cosine",
    augment: false,
    seed: 42,
  },
  dataset: {
    name: "digits",
    requested: "auto",
    source: "embedded",
    dir: "data",
    sha256: { "digits.txt": "00" },
    subset: null,
    test_subset: 10,
    validation: 0,
    train_images: 1437,
    test_images: 10,
  },
  adapter: { name: "llvmpipe", vendor: "", software: true },
  versions: versions(),
  started: TIME.toISOString(),
};

Deno.test("createRunFolder() names the folder after time and seed", async () => {
  await withFolder(async (out) => {
    const folder = await createRunFolder(join(out, "runs"), "cnn", 42, TIME);
    assert.equal(folder, join(out, "runs", "cnn", "20240203-040506-42"));
    assert.ok((await Deno.stat(folder)).isDirectory);
  });
});

Deno.test("createRunFolder() never gives one folder to two runs", async () => {
  await withFolder(async (out) => {
    const folders = await Promise.all(
      Array.from({ length: 5 }, () => createRunFolder(out, "cnn", 1, TIME)),
    );
    const name = join(out, "cnn", "20240203-040506-1");
    const expected = [name, `${name}.2`, `${name}.3`, `${name}.4`, `${name}.5`];
    assert.deepEqual(folders.sort(), expected);
  });
});

Deno.test("createRunFolder() says where it cannot write", async () => {
  await withFolder(async (out) => {
    const file = join(out, "file");
    await Deno.writeTextFile(file, "");
    await assert.rejects(createRunFolder(file, "cnn", 1, TIME), {
      name: "DataError",
      message: /^Cannot write the run to .*file.cnn: .*\. Choose another folder with --out$/,
    });
  });
});

Deno.test("readConfig() gives back what writeConfig() wrote", async () => {
  await withFolder(async (folder) => {
    await writeConfig(folder, config);
    assert.deepEqual(await readConfig(folder), config);
    assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["config.json"]);
  });
});

Deno.test("readConfig() refuses what is no run folder", async () => {
  await withFolder(async (folder) => {
    const refused = (path: string, message: RegExp) =>
      assert.rejects(readConfig(path), { name: "CheckpointError", message });
    const missing = /^Cannot resume: .* is not a run folder, it has no config\.json$/;
    await refused(folder, missing);
    await refused(join(folder, "nowhere"), missing);
    const path = join(folder, "config.json");
    for (const text of ["", "{", "null", "[]", "{}", JSON.stringify(config).slice(0, -9)]) {
      await Deno.writeTextFile(path, text);
      await refused(folder, /^Cannot resume: .*config\.json is damaged$/);
    }
    await writeConfig(folder, { task: "svm", model: "svm", settings: { C: 1 } });
    await refused(folder, /^Cannot resume: .* is a run of svm, which is trained in one piece$/);
  });
});

Deno.test("writeMetrics() writes a line of JSON for each epoch", async () => {
  await withFolder(async (folder) => {
    const record = {
      epoch: 1,
      steps: 10,
      train_loss: 0.25,
      val_accuracy: null,
      test_accuracy: 0.5,
      lr: 0.001,
      seconds: 1.5,
    };
    const path = join(folder, "metrics.jsonl");
    await writeMetrics(folder, []);
    assert.equal(await Deno.readTextFile(path), "");
    await writeMetrics(folder, [record, { ...record, epoch: 2 }]);
    const text = await Deno.readTextFile(path);
    assert.ok(text.endsWith("\n"));
    const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines, [record, { ...record, epoch: 2 }]);
  });
});
