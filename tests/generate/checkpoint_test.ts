import { SVC } from "../../lib/classical/svm/svm.ts";
import { join } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { CheckpointError } from "../../lib/errors.ts";
import {
  decodeGenerator,
  type GeneratorInfo,
  loadGenerator,
  saveGenerator,
} from "../../lib/generate/checkpoint.ts";
import { buildGenerator, type GeneratorName } from "../../lib/models/generators.ts";
import { Random } from "../../lib/random.ts";
import { encodeInfo } from "../../lib/train/model_info.ts";
import { decodeSafetensors, encodeSafetensors } from "../../lib/train/safetensors.ts";
import { assert } from "../deps.ts";
import { withFolder } from "../train/scratch.ts";

const digits = Array.from("0123456789");
const info = (model: GeneratorName, side: number): GeneratorInfo => ({
  model,
  shape: { height: side, width: side, channels: 1, classes: 10 },
  dataset: "digits",
  maxValue: 16,
  classNames: digits,
  ...(model !== "gan" && {
    process: {
      timesteps: 30,
      noise: "cosine",
      zeroSnr: false,
      prediction: "v",
      range: [-1, 1],
    } as const,
  }),
  dropsLabels: model === "dit-light",
});

for (
  const [model, side] of [["dit-light", 8], ["dit-tiny", 8], ["ddpm", 12], ["gan", 8]] as const
) {
  Deno.test(`a checkpoint of ${model} gives back network and process`, async () => {
    await openDevice();
    await withFolder(async (folder) => {
      const about = info(model, side);
      const network = buildGenerator(model, about.shape, new Random(3, "init"), 30);
      const path = join(folder, "model.safetensors");
      const state = await network.stateDict();
      await saveGenerator(path, state, about);
      const loaded = await loadGenerator(folder);
      assert.equal(loaded.path, path);
      assert.deepEqual({ ...loaded.info }, about);
      const again = await loaded.network.stateDict();
      assert.deepEqual([...again.keys()], [...state.keys()]);
      for (const [name, { values }] of state) {
        assert.ok(values.every((value, i) => Object.is(value, again.get(name)!.values[i])), name);
      }
      network.dispose();
      loaded.network.dispose();
    });
  });
}

Deno.test("a classifier's checkpoint is told from a generator's, whatever numbers it holds", async () => {
  const set = { images: Uint8Array.of(1, 9), labels: Uint8Array.of(0, 1), count: 2 };
  const svm = await SVC.fit({ ...set, height: 1, width: 1 }, { jobs: 1 });
  const bytes = svm.save(encodeInfo({ ...info("gan", 8), model: "svm" }));
  assert.throws(() => decodeGenerator(bytes, "machine"), {
    name: "CheckpointError",
    message: /one of ddpm, .*gan, got "svm"\. Take a checkpoint of one of these$/,
  });
});

Deno.test("checkpoints that make no sense are refused", async () => {
  await openDevice();
  await withFolder(async (folder) => {
    const about = info("dit-light", 8);
    const network = buildGenerator("dit-light", about.shape, new Random(3, "init"), 30);
    const path = join(folder, "model.safetensors");
    await saveGenerator(path, await network.stateDict(), about);
    network.dispose();
    const { tensors, metadata } = decodeSafetensors(await Deno.readFile(path), path);
    const refused = (changed: Record<string, string>, message: RegExp) => {
      const bytes = encodeSafetensors({ tensors, metadata: { ...metadata, ...changed } });
      assert.throws(() => decodeGenerator(bytes, "odd"), (error) => {
        assert.ok(error instanceof CheckpointError, String(error));
        assert.match(error.message, message);
        return true;
      });
    };
    const process = JSON.parse(metadata.process!);
    const odd = (change: object) => ({ process: JSON.stringify({ ...process, ...change }) });
    refused({ model: "cnn" }, /the network must be one of ddpm, .*gan, got "cnn"/);
    refused({ model: "dit-tiny" }, /Cannot load/);
    refused({ process: "" }, /does not describe a diffusion process/);
    refused(odd({ timesteps: 0 }), /does not describe a diffusion process/);
    refused(odd({ noise: "pink" }), /does not describe a diffusion process/);
    refused(odd({ range: [1, 1] }), /does not describe a diffusion process/);
    refused(odd({ timesteps: 1e15 }), /its metadata does not describe a network/);
  });
});
