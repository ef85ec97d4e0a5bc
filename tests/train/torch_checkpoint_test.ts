/**
 * Checkpoints pass between PyTorch and this project both ways, for every classifier network.
 *
 * What PyTorch does is in a fixture. Where Python has PyTorch, the network with the most kinds of
 * tensors goes there and back, and all of them with
 * `deno test -A tests/train/torch_checkpoint_test.ts -- all`.
 *
 * @module
 */

import { join } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { type ModelName, models } from "../../lib/models/registry.ts";
import { Random } from "../../lib/random.ts";
import { loadModel, readSafetensors, saveModel } from "../../lib/train/checkpoint.ts";
import { decodeTensors } from "../../lib/train/safetensors.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/checkpoints.json" with { type: "json" };
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import { hashState } from "../nn/reference.ts";
import { infoOf, logitsOf, shape } from "./digit_models.ts";
import { withFolder } from "./scratch.ts";

const names = Object.keys(models) as ModelName[];
const build = (model: ModelName) => models[model].build(shape, new Random(1, "init"));
const tolerance = { rtol: 1e-4, atol: 1e-5 };

/** What the fixture says of one network. */
interface CheckpointCase {
  readonly header: string;
  readonly sha256: string;
  readonly tensors: Readonly<Record<string, HashTensor>>;
  readonly logits: readonly number[];
}

/** An entry of a header. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function entriesOf({ header }: CheckpointCase): Map<string, Entry> {
  const { __metadata__: _, ...entries } = JSON.parse(header);
  return new Map(Object.entries<Entry>(entries));
}

/** The file that PyTorch wrote, put together again from its header and the hash tensors. */
function fileByTorch(expected: CheckpointCase): Uint8Array<ArrayBuffer> {
  const parts = [...entriesOf(expected)].map(([name, { dtype }]) => {
    const values = hashTensor(expected.tensors[name]!);
    if (dtype === "F32") return new Uint8Array(values.buffer);
    assert.equal(dtype, "I64");
    return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  });
  const header = new TextEncoder().encode(expected.header);
  const length = new Uint8Array(BigUint64Array.of(BigInt(header.length)).buffer);
  return Uint8Array.from([length, header, ...parts].flatMap((part) => [...part]));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("saveModel() writes the names, shapes and layouts that PyTorch's modules have", async (t) => {
  await openDevice();
  await withFolder(async (folder) => {
    for (const model of names) {
      await t.step(model, async () => {
        const expected: CheckpointCase = fixture.networks[model];
        const network = build(model);
        network.loadStateDict(hashState(expected.tensors));
        const path = join(folder, `${model}.safetensors`);
        await saveModel(path, await network.stateDict(), infoOf(model));
        const { tensors } = decodeTensors(await Deno.readFile(path));
        assert.deepEqual([...tensors.keys()], Object.keys(expected.tensors));
        for (const [name, { shape }] of entriesOf(expected)) {
          const tensor = tensors.get(name)!;
          assert.deepEqual(tensor.shape, shape, name);
          assert.ok(tensor.values instanceof Float32Array, name);
          assertAllClose(tensor.values, hashTensor(expected.tensors[name]!), { rtol: 0, atol: 0 });
        }
        network.dispose();
      });
    }
  });
});

Deno.test("loadModel() reads what PyTorch wrote and gives PyTorch's logits", async (t) => {
  await openDevice();
  await withFolder(async (folder) => {
    for (const model of names) {
      await t.step(model, async () => {
        const expected: CheckpointCase = fixture.networks[model];
        const bytes = fileByTorch(expected);
        assert.equal(await sha256(bytes), expected.sha256, "the very file");
        const path = join(folder, `${model}.safetensors`);
        await Deno.writeFile(path, bytes);
        const { network, info } = await loadModel(path);
        assert.deepEqual(info, infoOf(model));
        assertAllClose(await logitsOf(network, fixture.images), expected.logits, tolerance);
        network.dispose();
      });
    }
  });
});

Deno.test("saveModel() stores float16, which loadModel() reads as rounded weights", async (t) => {
  await openDevice();
  await withFolder(async (folder) => {
    for (const model of ["lenet5", "resnet"] as const) {
      await t.step(model, async () => {
        const expected: CheckpointCase = fixture.networks[model];
        const state = hashState(expected.tensors);
        const path = join(folder, `${model}.safetensors`);
        await saveModel(path, state, infoOf(model), { dtype: "float16" });
        const { network } = await loadModel(path);
        for (const [name, { values }] of await network.stateDict()) {
          const own = state.get(name)!.values;
          assert.deepEqual(values, Float32Array.from(own, Math.f16round), name);
        }
        const logits = await logitsOf(network, fixture.images);
        assertAllClose(logits, expected.logits, { rtol: 0.01, atol: 0.01 });
        network.dispose();
      });
    }
  });
});

/** What `load_checkpoint.py` prints. */
interface TorchLogits {
  readonly images: HashTensor;
  readonly logits: readonly (readonly number[])[];
  readonly metadata: Readonly<Record<string, string>>;
}

async function torch(mode: "logits" | "write", path: string, model: string): Promise<TorchLogits> {
  const script = new URL("../fixtures/load_checkpoint.py", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-B", script, mode, path, "--model", model, "--size", String(shape.height)],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function hasTorch(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("python3", {
      args: ["-c", "import torch, numpy"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false; // There is no python3, or no permission to run it.
  }
}

Deno.test({
  name: "PyTorch itself loads what saveModel() writes, and loadModel() what it writes",
  ignore: !await hasTorch(),
  fn: async (t) => {
    await openDevice();
    const chosen = Deno.args.includes("all") ? names : ["resnet-conv-shortcut" as const];
    await withFolder(async (folder) => {
      for (const model of chosen) {
        const path = join(folder, `${model}.safetensors`);
        const network = build(model);
        for (const dtype of ["float32", "float16"] as const) {
          await t.step(`${model}: PyTorch reads ours, ${dtype}`, async () => {
            await saveModel(path, await network.stateDict(), infoOf(model), { dtype });
            const { images, logits, metadata } = await torch("logits", path, model);
            const loaded = await loadModel(path);
            assertAllClose(await logitsOf(loaded.network, images), logits.flat(), tolerance);
            assert.equal(metadata.model, model);
            loaded.network.dispose();
          });
        }
        await t.step(`${model}: ours reads PyTorch's`, async () => {
          const { images, logits } = await torch("write", path, model);
          network.loadStateDict((await readSafetensors(path)).tensors);
          assertAllClose(await logitsOf(network, images), logits.flat(), tolerance);
        });
        network.dispose();
      }
    });
  },
});
