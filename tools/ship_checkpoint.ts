/**
 * Puts the network of a run among the checkpoints that ship with the project.
 *
 * ```sh
 * deno run --allow-read --allow-write=data --allow-run=git tools/ship_checkpoint.ts runs/dit/<run> NAME
 * ```
 *
 * It writes `data/checkpoints/NAME.txt`, the safetensors file with float16 numbers in base64, and
 * `data/checkpoints/NAME.json`, which says how the network came about. Run it at the commit that
 * trained the network.
 *
 * @module
 */

import { join } from "../lib/deps.ts";
import { openDevice } from "../lib/device.ts";
import { encodeGenerator, loadGenerator } from "../lib/generate/checkpoint.ts";
import { type ModelName, models } from "../lib/models/registry.ts";
import { encodeModel, loadModel } from "../lib/train/checkpoint.ts";
import { readConfig } from "../lib/train/run_folder.ts";

/** The network of a run in half its size. */
async function smaller(run: string, isClassifier: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const options = { dtype: "float16" } as const;
  if (isClassifier) {
    const { network, info } = await loadModel(run);
    return encodeModel(await network.stateDict(), info, options);
  }
  const { network, info } = await loadGenerator(run);
  return encodeGenerator(await network.stateDict(), info, options);
}

const [run, name] = Deno.args;
if (run === undefined || name === undefined) {
  throw new TypeError("Cannot ship a checkpoint: it takes a run folder and a name.");
}

const folder = new URL("../data/checkpoints/", import.meta.url);
await openDevice();
const { task, model, recipe, dataset, adapter, versions, parameters } = await readConfig(run);
const { train_loss, test_accuracy, epochs, steps, seconds } = JSON.parse(
  await Deno.readTextFile(join(run, "result.json")),
);
const git = await new Deno.Command("git", { args: ["rev-parse", "HEAD"] }).output();
const provenance = {
  task,
  model,
  parameters,
  dataset: { name: dataset.name, sha256: dataset.sha256, train_images: dataset.train_images },
  recipe,
  epochs,
  steps,
  train_loss,
  test_accuracy,
  seconds,
  adapter: adapter.name,
  versions,
  commit: new TextDecoder().decode(git.stdout).trim(),
};
const bytes = await smaller(run, Object.hasOwn(models, model as ModelName));
const lines = bytes.toBase64().match(/.{1,100}/g) ?? [];
await Deno.mkdir(folder, { recursive: true });
await Deno.writeTextFile(new URL(`${name}.txt`, folder), `${lines.join("\n")}\n`);
await Deno.writeTextFile(
  new URL(`${name}.json`, folder),
  `${JSON.stringify(provenance, null, 2)}\n`,
);
