import { createHash } from "node:crypto";
import type { DataFile, FileRole } from "../../lib/data/catalog.ts";
import { DATA_HOSTS, FETCHED } from "../../lib/data/catalog.ts";
import { fetchDataset, fetchFiles, type FetchProgress } from "../../lib/data/fetch.ts";
import { MissingDataError } from "../../lib/data/missing.ts";
import { assert } from "../deps.ts";
import { startMirror, temporaryFolder } from "./mirror.ts";

const ROLES: readonly FileRole[] = ["trainImages", "trainLabels", "testImages", "testLabels"];
const CONTENTS: Record<string, Uint8Array> = Object.fromEntries(
  ROLES.map((role, i) => [`${role}-idx.gz`, new Uint8Array(1000 * (i + 1)).fill(i)]),
);

function entry(mirror: string) {
  const files = Object.fromEntries(ROLES.map((role): [FileRole, DataFile] => {
    const bytes = CONTENTS[`${role}-idx.gz`]!;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return [role, { name: `${role}-idx.gz`, bytes: bytes.length, sha256 }];
  })) as Record<FileRole, DataFile>;
  return { files, mirrors: [mirror] };
}

Deno.test("fetchFiles() makes the folder, brings all files, and counts to the total", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(CONTENTS);
  const told: FetchProgress[] = [];
  const target = `${folder.path}/new/set`;
  await fetchFiles("it", entry(mirror.url), target, { onProgress: (p) => told.push(p) });
  for (const [name, bytes] of Object.entries(CONTENTS)) {
    assert.deepEqual(await Deno.readFile(`${target}/${name}`), bytes);
  }
  assert.deepEqual(told.at(-1), { file: "testLabels-idx.gz", received: 10_000, total: 10_000 });
});

Deno.test("fetchFiles() leaves what is there, packed or unpacked, as it is", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(CONTENTS);
  for (const name of ["trainImages-idx.gz", "trainLabels-idx", "testImages.idx"]) {
    await Deno.writeTextFile(`${folder.path}/${name}`, "mine");
  }
  const told: FetchProgress[] = [];
  await fetchFiles("it", entry(mirror.url), folder.path, { onProgress: (p) => told.push(p) });
  assert.deepEqual(mirror.asked, ["testLabels-idx.gz"]);
  assert.equal(told.at(-1)?.total, 4000);
  assert.equal(await Deno.readTextFile(`${folder.path}/trainImages-idx.gz`), "mine");
});

Deno.test("fetchDataset() says what it tried and how to bring the files by hand", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror({});
  const options = { mirrors: [mirror.url] };
  await assert.rejects(fetchDataset("mnist", folder.path, options), (error: unknown) => {
    assert.ok(error instanceof MissingDataError);
    assert.match(error.message, /^[^\n]+$/);
    assert.ok(error.message.includes(`${folder.path}/mnist`));
    assert.match(error.message, /127\.0\.0\.1:\d+: HTTP 404/);
    for (const { name, bytes } of Object.values(FETCHED.mnist.files)) {
      assert.ok(error.message.includes(`${name} (${bytes} bytes)`));
    }
    return true;
  });
});

Deno.test("fetchDataset() refuses a folder that cannot be made", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  await assert.rejects(fetchDataset("mnist", `${folder.path}/file`), (error: unknown) => {
    assert.ok(error instanceof Error && error.name === "DataError", String(error));
    assert.match(error.message, /^Cannot read .*file/);
    return true;
  });
});

Deno.test({
  name: "fetchDataset() asks for no permission to write",
  permissions: { read: true, write: false, net: false },
  fn: async () => {
    await assert.rejects(fetchDataset("mnist", "no-such-folder"), /no permission to write/);
  },
});

Deno.test("the catalog names four files, hashes and hosts of every data set", () => {
  for (const { files, mirrors, classNames } of Object.values(FETCHED)) {
    assert.equal(new Set(Object.values(files).map((f) => f.sha256)).size, 4);
    for (const { sha256 } of Object.values(files)) assert.match(sha256, /^[0-9a-f]{64}$/);
    for (const mirror of mirrors) {
      assert.ok(mirror.endsWith("/"));
      assert.ok(DATA_HOSTS.includes(new URL(mirror).host));
    }
    assert.equal(classNames.length, 10);
  }
});
