import { join } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { CheckpointError } from "../../lib/errors.ts";
import { type ModelName, models } from "../../lib/models/registry.ts";
import { Random } from "../../lib/random.ts";
import { loadModel, MODEL_FILE, readSafetensors, saveModel } from "../../lib/train/checkpoint.ts";
import { encodeSafetensors } from "../../lib/train/safetensors.ts";
import { assertAllClose } from "../allclose.ts";
import { assert, fc } from "../deps.ts";
import reference from "../fixtures/mlp_8x8.json" with { type: "json" };
import { infoOf, logitsOf, shape } from "./digit_models.ts";
import { withFolder } from "./scratch.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);
const BY_TORCH = new URL("mlp_8x8.safetensors", FIXTURES).pathname;

async function refused(path: string, message: RegExp): Promise<void> {
  await assert.rejects(loadModel(path), (error) => {
    assert.ok(error instanceof CheckpointError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"), "one line");
    return true;
  });
}

Deno.test("loadModel() gives back the network that saveModel() wrote", async () => {
  await openDevice();
  await withFolder(async (folder) => {
    for (const model of Object.keys(models) as ModelName[]) {
      const network = models[model].build(shape, new Random(1, "init"));
      const path = join(folder, `${model}.safetensors`);
      await saveModel(path, await network.stateDict(), infoOf(model));
      const loaded = await loadModel(path);
      assert.equal(loaded.path, path);
      assert.deepEqual(loaded.info, infoOf(model));
      assert.deepEqual(await loaded.network.stateDict(), await network.stateDict());
    }
  });
});

Deno.test("loadModel() finds the model in a run folder", async () => {
  await openDevice();
  await withFolder(async (folder) => {
    await refused(folder, /there is no file .*model\.safetensors$/);
    const network = models.mlp.build(shape, new Random(1, "init"));
    await saveModel(join(folder, MODEL_FILE), await network.stateDict(), infoOf("mlp"));
    assert.equal((await loadModel(folder)).path, join(folder, MODEL_FILE));
  });
});

Deno.test("saveModel() writes the same bytes for the same weights", async () => {
  await openDevice();
  await withFolder(async (folder) => {
    const state = await models.mlp.build(shape, new Random(1, "init")).stateDict();
    const [a, b] = [join(folder, "a"), join(folder, "b")];
    await saveModel(a, state, infoOf("mlp"));
    await saveModel(b, state, infoOf("mlp"));
    assert.deepEqual(await Deno.readFile(a), await Deno.readFile(b));
  });
});

Deno.test("loadModel() reads a checkpoint that PyTorch wrote", async () => {
  await openDevice();
  const { network, info } = await loadModel(BY_TORCH);
  assert.deepEqual(info, infoOf("mlp"));
  const logits = await logitsOf(network, reference.images);
  assertAllClose(logits, reference.logits.flat(), { rtol: 1e-4, atol: 1e-5 });
});

Deno.test("loadModel() refuses what is no checkpoint", async (t) => {
  await openDevice();
  await withFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    const whole = await Deno.readFile(BY_TORCH);
    await t.step("a missing file", () => refused(path, /there is no file .*x\.safetensors$/));
    await t.step("a PNG", async () => {
      // A PNG's signature, its first chunk, and pixels.
      const signature = [137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82];
      await Deno.writeFile(path, Uint8Array.of(...signature, ...new Uint8Array(100)));
      await refused(path, /x\.safetensors: not a valid safetensors file, its header/);
    });
    await t.step("a file that is cut short", async () => {
      for (const length of [0, 7, 8, 100, whole.length >> 1, whole.length - 1]) {
        await Deno.writeFile(path, whole.subarray(0, length));
        await refused(path, /x\.safetensors: not a valid safetensors file, /);
      }
    });
    await t.step("a path through a file", () => refused(join(path, "y"), /^Cannot read the /));
  });
});

Deno.test("loadModel() refuses a checkpoint that does not describe its network", async (t) => {
  await openDevice();
  const { tensors, metadata } = await readSafetensors(BY_TORCH);
  const shapeText = (changes: Record<string, unknown>) => JSON.stringify({ ...shape, ...changes });
  const nonsense = /its metadata does not describe a network$/;
  const cases: Record<string, [metadata: Record<string, string>, message: RegExp]> = {
    "no metadata": [
      {},
      /the network must be one of mlp, .* got ""\. Was it made by this project\?$/,
    ],
    "PyTorch's own metadata": [{ format: "pt" }, /must be one of .* got ""/],
    "an unknown network": [{ ...metadata, model: "vit\n" }, /must be one of .* got "vit\\n"/],
    "an inherited name": [{ ...metadata, model: "toString" }, /must be one of .* got "toString"/],
    "another network": [{ ...metadata, model: "mlp-512" }, /of another network, got a tensor "fc3/],
    "a network of other layers": [
      { ...metadata, model: "cnn" },
      /of another network, got a tensor/,
    ],
    "other images": [
      { ...metadata, shape: shapeText({ height: 9 }) },
      /fc1\.weight must have shape/,
    ],
    "no shape": [{ ...metadata, shape: "null" }, nonsense],
    "a shape that is no JSON": [{ ...metadata, shape: "{" }, nonsense],
    "a broken size": [{ ...metadata, shape: shapeText({ width: 0.5 }) }, nonsense],
    "a negative size": [{ ...metadata, shape: shapeText({ width: -8 }) }, nonsense],
    "a size beyond all memory": [{ ...metadata, shape: shapeText({ width: 1e12 }) }, nonsense],
    "images too small for the CNN": [
      { ...metadata, model: "cnn", shape: shapeText({ width: 2 }) },
      nonsense,
    ],
    "too few class names": [{ ...metadata, class_names: '["a"]' }, nonsense],
    "class names that are none": [{ ...metadata, class_names: "[0,1,2,3,4,5,6,7,8,9]" }, nonsense],
    "class names in one text": [{ ...metadata, class_names: '"0123456789"' }, nonsense],
    "an unknown data set": [{ ...metadata, dataset: "imagenet" }, nonsense],
    "no full ink": [{ ...metadata, max_value: "0" }, nonsense],
  };
  await withFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    for (const [name, [metadata, message]] of Object.entries(cases)) {
      await t.step(name, async () => {
        await Deno.writeFile(path, encodeSafetensors({ tensors, metadata }));
        await refused(path, message);
      });
    }
  });
});

Deno.test("loadModel() meets a damaged header with a CheckpointError or a network", async () => {
  await openDevice();
  const whole = await Deno.readFile(BY_TORCH);
  const header = 8 + new DataView(whole.buffer).getUint32(0, true);
  const change = fc.tuple(
    fc.integer({ min: 0, max: header - 1 }),
    // Digits and marks that JSON knows do more harm than arbitrary bytes.
    fc.oneof(fc.constantFrom(...'0123456789{}[],:" ').map((c) => c.charCodeAt(0)), fc.nat(255)),
  );
  await withFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    await fc.assert(
      fc.asyncProperty(change, async ([at, value]) => {
        await Deno.writeFile(path, whole.with(at, value));
        try {
          (await loadModel(path)).network.dispose();
        } catch (error) {
          assert.ok(error instanceof CheckpointError, String(error));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
