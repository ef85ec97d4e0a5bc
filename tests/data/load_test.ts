import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { encodeIdx } from "../../lib/data/idx.ts";
import { loadDataset } from "../../lib/data/load.ts";
import { MissingDataError } from "../../lib/data/missing.ts";
import { DataError } from "../../lib/errors.ts";
import { assert } from "../deps.ts";
import { startMirror, temporaryFolder } from "./mirror.ts";

const SHARED = new URL("../../../shared/datasets", import.meta.url);
const shared = await Deno.stat(SHARED).then(() => true, () => false);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Writes an unpacked data set of 5 training and 3 test images of 2 x 2, but for what is given. */
async function writePlain(folder: string, instead: Record<string, Uint8Array> = {}) {
  const images = (count: number) =>
    encodeIdx({ shape: [count, 2, 2], data: Uint8Array.from({ length: 4 * count }, (_, i) => i) });
  const labels = (count: number) =>
    encodeIdx({ shape: [count], data: Uint8Array.from({ length: count }, (_, i) => i) });
  const files: Record<string, Uint8Array> = {
    "train-images-idx3-ubyte": images(5),
    "train-labels-idx1-ubyte": labels(5),
    "t10k-images.idx3-ubyte": images(3),
    "t10k-labels.idx1-ubyte": labels(3),
    ...instead,
  };
  await Deno.mkdir(`${folder}/mnist`, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.writeFile(`${folder}/mnist/${name}`, bytes);
  }
  return files;
}

async function assertDataError(loading: Promise<unknown>, why: RegExp) {
  await assert.rejects(loading, (error: unknown) => {
    assert.ok(error instanceof DataError, String(error));
    assert.match(error.message, /^Cannot [^\n]+\.$/);
    assert.match(error.message, why);
    return true;
  });
}

Deno.test("loadDataset() reads unpacked files and records their hashes", async () => {
  await using folder = await temporaryFolder();
  const files = await writePlain(folder.path);
  const set = await loadDataset({ dataset: "auto", dir: folder.path });
  assert.equal(set.name, "mnist");
  assert.equal(set.source, `${folder.path}/mnist`);
  assert.deepEqual([set.train.count, set.test.count, set.train.height], [5, 3, 2]);
  assert.deepEqual([...set.train.images], Array.from({ length: 20 }, (_, i) => i));
  assert.deepEqual([...set.test.labels], [0, 1, 2]);
  const hashes = Object.fromEntries(Object.entries(files).map(([n, b]) => [n, sha256(b)]));
  assert.deepEqual(set.sha256, hashes);
});

Deno.test("loadDataset() keeps the first images of a subset", async () => {
  await using folder = await temporaryFolder();
  await writePlain(folder.path);
  const dir = folder.path;
  const { train, test } = await loadDataset({ dataset: "mnist", dir, subset: 2, testSubset: 1 });
  assert.deepEqual([...train.images], [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual([...train.labels], [0, 1]);
  assert.deepEqual([train.count, test.count], [2, 1]);
  await assertDataError(
    loadDataset({ dataset: "mnist", dir, subset: 6 }),
    /first 6 training images of mnist: there are 5, got 6/,
  );
  await assertDataError(
    loadDataset({ dataset: "digits", dir, testSubset: 361 }),
    /first 361 test images of digits: there are 360/,
  );
  await assert.rejects(loadDataset({ dataset: "mnist", dir, subset: 0 }), RangeError);
});

Deno.test("loadDataset() refuses files that do not fit together, also with auto", async (t) => {
  const labels = (...data: number[]) =>
    encodeIdx({ shape: [data.length], data: Uint8Array.from(data) });
  const cases: [string, Record<string, Uint8Array>, RegExp][] = [
    [
      "fewer labels than images",
      { "train-labels-idx1-ubyte": labels(0, 1, 2, 3) },
      /train-labels-idx1-ubyte: .*has 5 images and needs as many labels, got 4/,
    ],
    [
      "a label that is no class",
      { "t10k-labels.idx1-ubyte": labels(0, 10, 2) },
      /t10k-labels\.idx1-ubyte: labels are 0 to 9, got 10 at 1/,
    ],
    [
      "test images of another size",
      { "t10k-images.idx3-ubyte": encodeIdx({ shape: [3, 1, 1], data: new Uint8Array(3) }) },
      /one size, got 2x2 and 1x1/,
    ],
    [
      "images where labels belong",
      { "train-labels-idx1-ubyte": encodeIdx({ shape: [1, 1, 1], data: new Uint8Array(1) }) },
      /labels have 1 dimension, got 3/,
    ],
    [
      "a packed file that is not the published one",
      { "train-images-idx3-ubyte.gz": new Uint8Array(gzipSync(new Uint8Array(9))) },
      /train-images-idx3-ubyte\.gz: the published file has 9912422 bytes and sha256 440fcabf73cc/,
    ],
  ];
  for (const [what, instead, why] of cases) {
    await t.step(what, async () => {
      await using folder = await temporaryFolder();
      await writePlain(folder.path, instead);
      for (const dataset of ["auto", "mnist"] as const) {
        await assertDataError(loadDataset({ dataset, dir: folder.path }), why);
      }
    });
  }
});

Deno.test("loadDataset() falls back on the digits with one line that says why", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror({});
  const cases: [{ allowFetch?: boolean }, RegExp][] = [
    [{}, /MNIST is not in .*mnist, and no mirror gave train-images.*HTTP 404/],
    [{ allowFetch: false }, /fetching is switched off/],
  ];
  for (const [options, why] of cases) {
    const notices: string[] = [];
    const set = await loadDataset({
      dataset: "auto",
      dir: folder.path,
      mirrors: [mirror.url],
      notice: (line) => notices.push(line),
      ...options,
    });
    assert.equal(set.name, "digits");
    assert.equal(notices.length, 1);
    assert.match(notices[0]!, /^[^\n]+$/);
    assert.match(notices[0]!, why);
  }
});

Deno.test("loadDataset() with auto waits for a silent mirror only briefly", async () => {
  await using folder = await temporaryFolder();
  const never = Promise.withResolvers<Response>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => never.promise,
  );
  const start = performance.now();
  const mirrors = [`http://127.0.0.1:${server.addr.port}/`];
  const set = await loadDataset({ dataset: "auto", dir: folder.path, mirrors });
  assert.equal(set.name, "digits");
  assert.ok(performance.now() - start < 4000);
  never.resolve(new Response());
  await server.shutdown();
});

Deno.test("loadDataset() refuses a named data set that cannot be had", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror({});
  const loading = loadDataset({
    dataset: "fashion-mnist",
    dir: folder.path,
    mirrors: [mirror.url],
  });
  await assert.rejects(loading, MissingDataError);
  await assertDataError(loading, /Put these into .*fashion-mnist by hand: .*26421880 bytes/);
});

Deno.test({
  name: "loadDataset() with auto needs no permission at all",
  permissions: "none",
  async fn() {
    const notices: string[] = [];
    const notice = (line: string) => notices.push(line);
    const set = await loadDataset({ dataset: "auto", dir: "data", notice });
    assert.equal(set.name, "digits");
    assert.match(notices.join(), /no permission to read data\/mnist/);
    await assertDataError(loadDataset({ dataset: "mnist", dir: "data" }), /no permission to read/);
  },
});

Deno.test("loadDataset() refuses what the system does not let us read", async (t) => {
  await using folder = await temporaryFolder();
  await writePlain(folder.path);
  const loading = () => loadDataset({ dataset: "auto", dir: folder.path });
  await t.step({
    name: "a folder without the right to read",
    // Root may read everything.
    ignore: (await Deno.stat(folder.path)).uid === 0,
    async fn() {
      await Deno.chmod(`${folder.path}/mnist`, 0o000);
      await assertDataError(loading(), /Cannot read .*mnist.*system refuses/);
      await Deno.chmod(`${folder.path}/mnist`, 0o700);
    },
  });
  await t.step("a folder in the place of a file", async () => {
    await Deno.mkdir(`${folder.path}/mnist/train-images-idx3-ubyte.gz`);
    await assertDataError(loading(), /Cannot read .*train-images.*: it is a folder/);
  });
});

Deno.test({
  name: "loadDataset() reads the published MNIST and Fashion-MNIST",
  ignore: !shared,
  async fn() {
    for (const dataset of ["mnist", "fashion-mnist"] as const) {
      const set = await loadDataset({ dataset, dir: SHARED.pathname, allowFetch: false });
      assert.deepEqual([set.train.count, set.test.count], [60_000, 10_000]);
      assert.deepEqual([set.train.height, set.train.width, set.maxValue], [28, 28, 255]);
      // Both data sets are described as having as many test images of every class, or nearly so.
      const perClass = new Array<number>(10).fill(0);
      for (const label of set.train.labels) perClass[label]!++;
      assert.deepEqual(
        perClass,
        dataset === "mnist"
          ? [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
          : new Array(10).fill(6000),
      );
    }
  },
});
