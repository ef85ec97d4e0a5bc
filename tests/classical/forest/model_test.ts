import { RandomForest } from "../../../lib/classical/forest/forest.ts";
import { joinTrees } from "../../../lib/classical/forest/model.ts";
import { digits } from "../../../lib/data/digits.ts";
import { takeFirst } from "../../../lib/data/split.ts";
import { CheckpointError } from "../../../lib/errors.ts";
import { decodeTensors, encodeSafetensors } from "../../../lib/train/safetensors.ts";
import { assert, fc } from "../../deps.ts";

const { train, test } = await digits();
const forest = await RandomForest.fit(takeFirst(train, 200), { trees: 6, minSamplesLeaf: 3 });

Deno.test("RandomForest.load() gives back exactly what was saved", () => {
  const metadata = { dataset: "digits", classes: "0 1" };
  const bytes = forest.save(metadata);
  const loaded = RandomForest.load(bytes);
  assert.deepEqual(loaded.probabilities(test.images), forest.probabilities(test.images));
  assert.deepEqual(loaded.importances, forest.importances);
  assert.deepEqual(loaded.imageSize, { height: 8, width: 8 });
  assert.deepEqual(loaded.metadata, metadata);
  assert.deepEqual([loaded.treeCount, loaded.nodeCount], [6, forest.nodeCount]);
  assert.deepEqual(loaded.save(), bytes);
});

Deno.test("RandomForest.save() needs four bytes for each node of unlimited trees", async () => {
  const whole = await RandomForest.fit(train, { trees: 20 });
  const overhead = whole.save().length - 4 * whole.nodeCount;
  assert.ok(overhead < 2000, `${overhead} bytes beside the nodes`);
});

Deno.test("joinTrees() means the importances of trees that have a split", () => {
  const split = {
    nodes: Int32Array.of(1 << 8 | 5, -11, -3),
    leaves: Float32Array.of(0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0),
    importances: Float64Array.of(0, 1),
  };
  const leaf = {
    nodes: Int32Array.of(-11),
    leaves: Float32Array.of(0, 0.25, 0.75, 0, 0, 0, 0, 0, 0, 0),
    importances: Float64Array.of(0, 0),
  };
  const other = { ...split, importances: Float64Array.of(0.5, 0.5) };
  const model = joinTrees([split, leaf, other], 1, 2);
  assert.deepEqual([...model.importances], [0.25, 0.75]);
  assert.deepEqual([...model.nodes], [261, -11, -3, -12, 261, -13, -3]);
  assert.deepEqual([...model.roots], [0, 3, 4]);
  assert.deepEqual([model.right[0], model.right[4]], [2, 6]);
  assert.deepEqual([...model.leaves.subarray(110, 113)], [0, 0.25, 0.75]);
});

Deno.test("RandomForest.load() refuses files of another kind, and parts that do not fit", () => {
  const file = decodeTensors(forest.save());
  const refused = (change: typeof file, message: RegExp) => {
    assert.throws(() => RandomForest.load(encodeSafetensors(change), "x.safetensors"), {
      name: "CheckpointError",
      message,
    });
  };
  refused({ ...file, metadata: { format: "pt" } }, /Cannot load x\.safetensors: .*got "pt"/);
  refused({ ...file, metadata: {} }, /got undefined/);

  const nodes = file.tensors.get("nodes")!.values as Int32Array;
  const withNodes = (values: Int32Array) => ({
    ...file,
    tensors: new Map([...file.tensors, ["nodes", { shape: [values.length], values }]]),
  });
  const parts = /Cannot load x\.safetensors: its parts do not make a forest/;
  refused(withNodes(Int32Array.of()), parts);
  refused(withNodes(nodes.subarray(0, -1)), parts);
  refused(withNodes(Int32Array.of(64 << 8, -1, -1)), parts);
  refused(withNodes(Int32Array.of(-100_000)), parts);
  for (const name of ["nodes", "leaves", "importances"]) {
    refused(
      { ...file, tensors: new Map([...file.tensors].filter(([key]) => key !== name)) },
      parts,
    );
    const zeros = { shape: [3], values: new Float32Array(3) };
    refused({ ...file, tensors: new Map([...file.tensors, [name, zeros]]) }, parts);
  }
});

Deno.test("RandomForest.load() meets any damage with a CheckpointError or a valid forest", () => {
  const whole = forest.save();
  const position = fc.integer({ min: 0, max: whole.length - 1 });
  const change = fc.tuple(position, fc.integer({ min: 0, max: 255 }));
  let refused = 0;
  fc.assert(
    fc.property(change, fc.oneof(fc.constant(whole.length), position), ([at, value], length) => {
      const bytes = whole.slice(0, length);
      if (at < length) bytes[at] = value;
      try {
        const loaded = RandomForest.load(bytes);
        assert.equal(loaded.predict(test.images.subarray(0, 64)).length, 1);
      } catch (error) {
        assert.ok(error instanceof CheckpointError, String(error));
        refused++;
      }
    }),
    { seed: 1, numRuns: 1000 },
  );
  assert.ok(refused > 400, `${refused} refused`);
});
