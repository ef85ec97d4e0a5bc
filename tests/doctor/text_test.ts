import { adapterRows, datasetRows, section } from "../../lib/doctor/text.ts";
import { assert } from "../deps.ts";

Deno.test("section() aligns its rows and goes on in the same column", () => {
  const long = Array(20).fill("feature").join(", ");
  const text = section("adapter", [["name", "x"], ["features", long]]);
  assert.deepEqual(text.split("\n"), [
    "adapter",
    "  name           x",
    `  features       ${Array(9).fill("feature").join(", ")},`,
    `                 ${Array(9).fill("feature").join(", ")},`,
    "                 feature, feature",
  ]);
});

Deno.test("adapterRows() writes sizes in binary units and PCI ids in hexadecimal", () => {
  const rows = new Map(adapterRows({
    name: "a GPU",
    vendor: "4318",
    software: false,
    kernel_features: { subgroups: true, "shader-f16": false },
    features: [],
    limits: { maxBufferSize: 2 ** 31 - 1, maxComputeWorkgroupStorageSize: 49152 },
  }));
  assert.equal(rows.get("vendor"), "0x10de");
  assert.equal(rows.get("kind"), "hardware");
  assert.equal(rows.get("kernels"), "subgroups yes, shader-f16 no");
  assert.match(rows.get("buffers")!, /^2 GiB, /);
  assert.match(rows.get("workgroups")!, /48 KiB storage/);
});

Deno.test("datasetRows() says what to do about what is missing or damaged", () => {
  const none = { verified: 0, unpacked: 0, damaged: 0, missing: 0 };
  const rows = new Map(datasetRows([
    { name: "a", bytes: 11_594_722, files: { ...none, verified: 4 } },
    { name: "b", bytes: 0, files: { ...none, missing: 4 } },
    { name: "c", bytes: 0, files: { ...none, damaged: 1, missing: 3 } },
    { name: "d", bytes: 0, files: null },
  ]));
  assert.equal(rows.get("a"), "4 verified, 11.6 MB");
  assert.equal(rows.get("b"), "4 missing; get it with deno task data fetch --dataset b");
  assert.match(rows.get("c")!, /^1 damaged, 3 missing; see deno task data verify --dataset c$/);
  assert.equal(rows.get("d"), "no permission to look");
});
