import { joinTrees } from "../../../lib/classical/forest/model.ts";
import { mostProbable, probabilities } from "../../../lib/classical/forest/predict.ts";
import { growTree, type Tree } from "../../../lib/classical/forest/tree.ts";
import { samplesOf } from "../../../lib/classical/forest/samples.ts";
import { CLASSES } from "../../../lib/classical/labels.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import fixture from "../../fixtures/forest.json" with { type: "json" };

/** The parts of the classes in the leaf of a word. */
function partsOf(word: number, { leaves }: Tree): number[] {
  const row = -1 - word;
  if (row < CLASSES) return Array.from({ length: CLASSES }, (_, c) => c === row ? 1 : 0);
  return [...leaves.subarray((row - CLASSES) * CLASSES, (row - CLASSES + 1) * CLASSES)];
}

for (const expected of fixture.cases) {
  const { title, count, features: width, maxDepth, minSamplesLeaf } = expected;

  Deno.test(`growTree() grows scikit-learn's tree: ${title}`, () => {
    const samples = samplesOf({
      images: Uint8Array.from(expected.images),
      labels: Uint8Array.from(expected.labels),
      count,
      height: 1,
      width,
    }, false);
    const rule = {
      maxFeatures: width,
      maxDepth: maxDepth ?? Infinity,
      minSamplesLeaf,
      extraTrees: false,
    };
    const tree = growTree(samples, expected.weights, rule, new Random(1, "any"));
    assert.equal(tree.nodes.length, expected.nodes.length);
    expected.nodes.forEach((node, k) => {
      const word = tree.nodes[k]!;
      if (node.parts === undefined) {
        assert.deepEqual([word >> 8, word & 255], [node.feature, node.threshold], `node ${k}`);
      } else {
        assertAllClose(partsOf(word, tree).slice(0, node.parts.length), node.parts);
      }
    });
    assertAllClose(tree.importances, expected.importances, { rtol: 1e-9, atol: 1e-12 });
    const newImages = Uint8Array.from(expected.newImages);
    const predicted = mostProbable(probabilities(joinTrees([tree], 1, width), newImages));
    assert.deepEqual([...predicted], expected.predicted);
  });
}

Deno.test("growTree() makes a leaf of samples that differ in class but in no feature", () => {
  const images = new Uint8Array(8).fill(7);
  const labels = Uint8Array.of(4, 2, 4, 4);
  const samples = samplesOf({ images, labels, count: 4, height: 1, width: 2 }, false);
  const rule = { maxFeatures: 1, maxDepth: Infinity, minSamplesLeaf: 1, extraTrees: false };
  for (const extraTrees of [false, true]) {
    const tree = growTree(samples, [1, 2, 0, 1], { ...rule, extraTrees }, new Random(1, "any"));
    assert.deepEqual([...tree.nodes], [-1 - CLASSES]);
    assert.deepEqual([...tree.leaves], [0, 0, 0.5, 0, 0.5, 0, 0, 0, 0, 0]);
    assert.deepEqual([...tree.importances], [0, 0]);
  }
});

Deno.test("growTree() goes on past constant features until one varies", () => {
  // Nine features of ten are constant, and a node may look at one.
  const count = 6;
  const images = new Uint8Array(count * 10).fill(3);
  for (let i = 0; i < count; i++) images[i * 10 + 6] = i;
  const labels = Uint8Array.of(0, 1, 0, 1, 0, 1);
  const samples = samplesOf({ images, labels, count, height: 2, width: 5 }, false);
  const rule = { maxFeatures: 1, maxDepth: Infinity, minSamplesLeaf: 1 };
  for (const extraTrees of [false, true]) {
    const weights = new Array(count).fill(1);
    const tree = growTree(samples, weights, { ...rule, extraTrees }, new Random(2, "any"));
    const splits = [...tree.nodes].filter((word) => word >= 0);
    assert.deepEqual(splits.map((word) => word >> 8), new Array(5).fill(6));
    assert.deepEqual(splits.map((word) => word & 255).sort(), [0, 1, 2, 3, 4]);
    assert.equal(tree.importances[6], 1);
  }
});
