import { encodeIdx } from "../../lib/data/idx.ts";
import { inspectDataset } from "../../lib/data/inspect.ts";
import { assert } from "../deps.ts";
import { temporaryFolder } from "./mirror.ts";

Deno.test("inspectDataset() tells damaged, unpacked and missing files apart", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/mnist`);
  const write = (name: string, bytes: Uint8Array) =>
    Deno.writeFile(`${folder.path}/mnist/${name}`, bytes);
  await write("train-images-idx3-ubyte.gz", new Uint8Array(9));
  await write("train-labels.idx1-ubyte", encodeIdx({ shape: [2], data: Uint8Array.of(1, 2) }));
  await write("t10k-images-idx3-ubyte", new Uint8Array(9));
  const reports = await inspectDataset("mnist", folder.path);
  assert.deepEqual(
    reports.map(({ condition }) => condition),
    ["damaged", "unpacked", "damaged", "missing"],
  );
  assert.match(reports[0]!.reason!, /got 9 bytes/);
  assert.equal(reports[1]!.path, `${folder.path}/mnist/train-labels.idx1-ubyte`);
  assert.match(reports[2]!.reason!, /as IDX: only unsigned bytes|begins with/);
});
