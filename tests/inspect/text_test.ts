import type { Layer } from "../../lib/inspect/layers.ts";
import { inspectPreset, PRESET_NAMES } from "../../lib/inspect/presets.ts";
import { rowsOf } from "../../lib/inspect/rows.ts";
import { columns, layerTable, totals } from "../../lib/inspect/text.ts";
import { assert } from "../deps.ts";

const MNIST = { height: 28, width: 28, channels: 1, classes: 10 };

function layer(path: string, parameters: number, layers: readonly Layer[] = []): Layer {
  const none = { frozen: 0, unused: 0, buffers: 0, flops: 0 };
  return { path, kind: "Linear", output: [parameters], parameters, ...none, layers };
}

Deno.test("rowsOf() puts neighbours alike into one row", () => {
  const blocks = [
    layer("blocks.0", 4, [layer("blocks.0.fc", 4)]),
    layer("blocks.1", 4, [layer("blocks.1.fc", 4)]),
    layer("blocks.2", 5, [layer("blocks.2.fc", 5)]),
    layer("head", 4),
  ];
  const row = ({ depth, name, times }: ReturnType<typeof rowsOf>[number]) => [depth, name, times];
  assert.deepEqual(rowsOf(blocks).map(row), [
    [0, "blocks.0 … 1", 2],
    [1, "fc", 1],
    [0, "blocks.2", 1],
    [1, "fc", 1],
    [0, "head", 1],
  ]);
  assert.equal(rowsOf(blocks, { full: true }).length, 7);
});

Deno.test("rowsOf() keeps layers apart whose parts differ, and those that are no neighbours", () => {
  const differing = [
    layer("0", 4, [layer("0.a", 4)]),
    layer("1", 4, [layer("1.b", 4)]),
    layer("3", 4, [layer("3.b", 4)]),
  ];
  assert.ok(rowsOf(differing).every(({ times }) => times === 1));
});

Deno.test("columns() aligns, and goes on below in the last column", () => {
  const long = Array(30).fill("word").join(" ");
  assert.deepEqual(columns([["a", "n", ""], ["bcd", "10", long]], [1]).split("\n"), [
    "a     n",
    `bcd  10  ${Array(18).fill("word").join(" ")}`,
    `         ${Array(12).fill("word").join(" ")}`,
  ]);
});

Deno.test("layerTable() shows the layers of LeNet-5", () => {
  const { layers } = inspectPreset("lenet5", MNIST);
  assert.deepEqual(layerTable(rowsOf(layers)).split("\n"), [
    "layer  kind    output   parameters    FLOPs",
    "conv1  Conv2d  24×24×6         156  172 800",
    "conv2  Conv2d  8×8×16        2 416  307 200",
    "fc1    Linear  120          30 840   61 440",
    "fc2    Linear  84           10 164   20 160",
    "fc3    Linear  10              850    1 680",
  ]);
});

Deno.test("layerTable() marks what is not trained and what is alike", () => {
  const text = (preset: "ddpm" | "dit-s4") =>
    layerTable(rowsOf(inspectPreset(preset, MNIST).layers));
  assert.match(text("ddpm"), /^time_embed +SinusoidTable +100 +100 000 +\. {2}frozen$/m);
  assert.match(text("ddpm"), /^ {4}ln +UnusedNorm +28×28×10 +15 680 +\. {2}unused$/m);
  assert.match(
    text("dit-s4"),
    /^blocks\.0 … 11 +DiTBlock +49×384 +12 × 2 659 968 +12 × 178 865 664$/m,
  );
  assert.doesNotMatch(text("dit-s4"), /blocks\.1$/m);
});

Deno.test("totals() says what is counted", () => {
  assert.match(
    totals(inspectPreset("ddpm", MNIST, { batchSize: 16 })),
    /^parameters {2}606 852: 491 172 trained, 100 000 frozen, 15 680 unused\nFLOPs {7}49 863 042 /,
  );
  const text = totals(inspectPreset("resnet", MNIST, { batchSize: 16 }));
  assert.match(text, /^parameters {2}8 555\nbuffers {5}34: running statistics of batch norms\n/);
  assert.match(text, /a multiply-add counts as 2/);
  assert.match(text, /of 16 images with Adam$/m);
});

Deno.test("All networks fit a terminal of 100 columns", () => {
  for (const preset of PRESET_NAMES) {
    const inspection = inspectPreset(preset, MNIST);
    const text = `${layerTable(rowsOf(inspection.layers, { full: true }))}\n${totals(inspection)}`;
    const widest = Math.max(...text.split("\n").map((line) => line.length));
    assert.ok(widest <= 100, `${preset}: ${widest}`);
  }
});
