import { RandomForest } from "../../../lib/classical/forest/forest.ts";
import { digits } from "../../../lib/data/digits.ts";
import { takeFirst } from "../../../lib/data/split.ts";
import { assert } from "../../deps.ts";

const { train } = await digits();
const some = takeFirst(train, 200);
const options = { trees: 6, seed: 3 };
const expected = (await RandomForest.fit(some, { ...options, jobs: 1 })).save();

/** Grows the forest with `Worker` in the place of Deno's. */
async function growWith(Stand: typeof Worker, jobs: number): Promise<Uint8Array> {
  const original = globalThis.Worker;
  globalThis.Worker = Stand;
  try {
    return (await RandomForest.fit(some, { ...options, jobs })).save();
  } finally {
    globalThis.Worker = original;
  }
}

Deno.test("growTrees() lets workers grow every tree once", async () => {
  const asked: number[] = [];
  let started = 0;
  class Counted extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      started++;
    }
    override postMessage(message: unknown): void {
      if (typeof message === "number") asked.push(message);
      super.postMessage(message);
    }
  }
  assert.deepEqual(await growWith(Counted, 2), expected);
  assert.equal(started, 2);
  assert.deepEqual(asked.sort(), [0, 1, 2, 3, 4, 5]);
});

Deno.test("growTrees() starts no more workers than there are trees, and none for one", async () => {
  let started = 0;
  class Counted extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      started++;
    }
  }
  await growWith(Counted, 1);
  assert.equal(started, 0);
  await growWith(Counted, 8);
  assert.equal(started, 6);
});

Deno.test("growTrees() does what failed workers leave", async () => {
  class Failing extends Worker {
    override postMessage(message: unknown): void {
      if (typeof message === "number" && message > 1) this.dispatchEvent(new ErrorEvent("error"));
      else super.postMessage(message);
    }
  }
  assert.deepEqual(await growWith(Failing, 2), expected);
});

Deno.test("growTrees() does the work when workers cannot be loaded", async () => {
  class Unloadable extends Worker {
    constructor() {
      super(URL.createObjectURL(new Blob(["postMessage"])), { type: "module" });
      queueMicrotask(() => this.dispatchEvent(new ErrorEvent("error")));
    }
  }
  assert.deepEqual(await growWith(Unloadable as typeof Worker, 2), expected);
});

Deno.test({
  name: "growTrees() does the work without permission to read the workers",
  permissions: { read: false },
  async fn() {
    assert.deepEqual((await RandomForest.fit(some, { ...options, jobs: 2 })).save(), expected);
  },
});
