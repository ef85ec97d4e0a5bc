import { openDevice } from "../../lib/device.ts";
import { backend } from "../../lib/engine/backend.ts";
import { candidates, chooseTiles, tilesFor } from "../../lib/engine/kernels/tiles.ts";
import { type ChoiceStore, tune, type TuneOptions } from "../../lib/engine/tuning.ts";
import { compileStep } from "../../lib/engine/step.ts";
import { tf } from "../../lib/deps.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

const ADAPTER = { name: "test adapter", vendor: "test", software: true };
const SKINNY = { M: 64, N: 10, K: 100 };
/** The class that takes a software adapter the least time. */
const OPTIONS: TuneOptions = { measureSoftware: true, classes: ["skinny"], budget: 60_000 };

function memoryStore(): ChoiceStore & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
  };
}

/** Counts what `fn` submits to the GPU. */
async function submits(fn: () => Promise<unknown>): Promise<number> {
  const { queue } = backend();
  let count = 0;
  const submit = queue.submit;
  queue.submit = (buffers) => {
    count++;
    return submit.call(queue, buffers);
  };
  try {
    await fn();
  } finally {
    queue.submit = submit;
  }
  return count;
}

Deno.test("tune() leaves a software adapter as it is", async () => {
  await openDevice();
  const store = memoryStore();
  const count = await submits(async () => assert.deepEqual(await tune(ADAPTER, { store }), {}));
  assert.equal(count, 0);
  assert.equal(store.kept.size, 0);
});

Deno.test("tune() measures once and keeps its choice", async () => {
  const device = await openDevice();
  const store = memoryStore();
  const measured = chooseTiles({});
  const guess = tilesFor(SKINNY, 1);
  const tensors = tf.memory().numTensors;
  try {
    const choice = await tune(ADAPTER, { ...OPTIONS, store });
    assert.deepEqual(Object.keys(choice), ["skinny"]);
    assert.ok(candidates("skinny").includes(choice.skinny!));
    assert.equal(tilesFor(SKINNY, 1), choice.skinny);
    assert.equal(tf.memory().numTensors, tensors);
    assert.match([...store.kept.keys()][0]!, /test adapter/);

    chooseTiles({});
    const again = () => tune(ADAPTER, { ...OPTIONS, store });
    assert.equal(await submits(async () => assert.deepEqual(await again(), choice)), 0);
    assert.equal(tilesFor(SKINNY, 1), choice.skinny);
    chooseTiles({});
    assert.deepEqual(tilesFor(SKINNY, 1), guess);
    device.check();
  } finally {
    chooseTiles(measured);
  }
});

Deno.test("tune() measures again what it cannot use or keep", async (t) => {
  await openDevice();
  const measured = chooseTiles({});
  const broken: Record<string, (key: string) => string> = {
    "not JSON": () => "{",
    "another version's tiles": () => '{"skinny":{"memory":"registers","lanes":7}}',
    "no object": () => "null",
    "an error": () => {
      throw new Error("no storage");
    },
  };
  for (const [name, getItem] of Object.entries(broken)) {
    await t.step(name, async () => {
      const setItem = () => {
        throw new Error("full");
      };
      try {
        const { skinny } = await tune(ADAPTER, { ...OPTIONS, store: { getItem, setItem } });
        assert.ok(candidates("skinny").includes(skinny!));
      } finally {
        chooseTiles(measured);
      }
    });
  }
});

Deno.test("tune() starts nothing without a budget", async () => {
  await openDevice();
  const count = await submits(async () => {
    assert.deepEqual(await tune(ADAPTER, { ...OPTIONS, store: null, budget: 0 }), {});
  });
  assert.equal(count, 0);
});

Deno.test("tune() does nothing while a step is recorded", async () => {
  await openDevice();
  const choices: Promise<unknown>[] = [];
  const x = tf.tensor1d([1, 2]);
  const step = compileStep(() => {
    choices.push(tune(ADAPTER, { ...OPTIONS, store: null }));
    return tf.sum(x) as Scalar;
  });
  assert.deepEqual([...await step.run(3)], [3, 3, 3]);
  assert.deepEqual(await Promise.all(choices), [{}, {}]);
  step.dispose();
  x.dispose();
});
