import { NodeSamples } from "../../../lib/classical/forest/node_samples.ts";
import { samplesOf } from "../../../lib/classical/forest/samples.ts";
import { CLASSES } from "../../../lib/classical/labels.ts";
import { ThresholdSearch } from "../../../lib/classical/forest/threshold_search.ts";
import { Random } from "../../../lib/random.ts";
import { assert, fc } from "../../deps.ts";

/** The samples of a node with one feature. */
interface Case {
  readonly values: Uint8Array;
  readonly labels: Uint8Array;
  readonly weights: readonly number[];
}

function enterRoot({ values, labels, weights }: Case): NodeSamples {
  const set = { images: values, labels, count: values.length, height: 1, width: 1 };
  const samples = new NodeSamples(samplesOf(set, false), weights);
  samples.enter(0, samples.rows.length);
  return samples;
}

/** Gini impurity times weight, from the definition `1 - Σ p²`, of the samples that are kept. */
function impurity(
  { values, labels, weights }: Case,
  keep: (value: number) => boolean,
): { weighted: number; count: number } {
  const byClass = new Array<number>(CLASSES).fill(0);
  let count = 0;
  values.forEach((value, i) => {
    if (weights[i] === 0 || !keep(value)) return;
    byClass[labels[i]!]! += weights[i]!;
    count++;
  });
  const weight = byClass.reduce((a, b) => a + b);
  const gini = 1 - byClass.reduce((sum, w) => sum + (w / weight) ** 2, 0);
  return { weighted: weight * gini, count };
}

/** The impurity that remains with a threshold; infinite when a side has too few samples. */
function remaining(node: Case, threshold: number, minSamplesLeaf: number): number {
  const left = impurity(node, (value) => value <= threshold);
  const right = impurity(node, (value) => value > threshold);
  if (Math.min(left.count, right.count) < minSamplesLeaf) return Infinity;
  return left.weighted + right.weighted;
}

/** The least that remains with any threshold. */
function least(node: Case, minSamplesLeaf: number): number {
  return Math.min(
    ...[...new Set(node.values)].map((threshold) => remaining(node, threshold, minSamplesLeaf)),
  );
}

function assertBest(node: Case, minSamplesLeaf: number): void {
  const samples = enterRoot(node);
  const search = new ThresholdSearch(samples, minSamplesLeaf);
  const drawn = node.values.filter((_, i) => node.weights[i]! > 0);
  // Twice, since a search must leave nothing behind that the next one meets.
  for (let time = 0; time < 2; time++) {
    assert.equal(search.best(0), drawn.some((value) => value !== drawn[0]));
    const expected = least(node, minSamplesLeaf);
    if (expected === Infinity) {
      assert.equal(search.score, -1);
    } else {
      const close = 1e-9 * samples.weight;
      assert.ok(Math.abs(samples.weight - search.score - expected) < close);
      assert.ok(Math.abs(remaining(node, search.threshold, minSamplesLeaf) - expected) < close);
    }
  }
}

/** Nodes with few or many values, with and without zeros, drawn up to four times. */
function cases(maxLength: number): fc.Arbitrary<Case> {
  return fc.record({
    length: fc.integer({ min: 2, max: maxLength }),
    lowest: fc.constantFrom(0, 0, 1, 200),
    highest: fc.constantFrom(200, 203, 255),
    classes: fc.integer({ min: 2, max: CLASSES }),
    zeros: fc.constantFrom(0, 0.5, 0.95),
    heaviest: fc.constantFrom(1, 4),
    seed: fc.nat(),
  }).map(({ length, lowest, highest, classes, zeros, heaviest, seed }) => {
    const random = new Random(seed, "case");
    const draw = () => random.float() < zeros ? lowest : lowest + random.int(highest - lowest + 1);
    const labels = Uint8Array.from({ length }, () => random.int(classes));
    labels[0] = 0;
    labels[1] = 1;
    return {
      values: Uint8Array.from({ length }, draw),
      labels,
      weights: Array.from({ length }, (_, i) => i < 2 ? 1 : random.int(heaviest + 1)),
    };
  });
}

const leaves = fc.constantFrom(1, 1, 2, 5, 30);

for (const [name, maxLength, numRuns] of [["few", 30, 300], ["some", 400, 100]] as const) {
  Deno.test(`best() finds the least Gini impurity among ${name} samples`, () => {
    fc.assert(fc.property(cases(maxLength), leaves, assertBest), { seed: 1, numRuns });
  });
}

Deno.test("best() finds the least Gini impurity among so many samples that it counts them", () => {
  for (const [lowest, highest] of [[0, 255], [0, 3], [250, 255], [9, 9]] as const) {
    const random = new Random(highest, "many");
    const length = 9000;
    const node = {
      values: Uint8Array.from({ length }, () => lowest + random.int(highest - lowest + 1)),
      labels: Uint8Array.from({ length }, () => random.int(CLASSES)),
      weights: Array.from({ length }, () => random.int(4)),
    };
    assert.ok(enterRoot(node).rows.length >= 4096);
    assertBest(node, 1);
    assertBest(node, 200);
  }
});

Deno.test("best() takes the lowest of equally good thresholds, halfway between two values", () => {
  const node = {
    values: Uint8Array.of(10, 21, 32, 43),
    labels: Uint8Array.of(0, 1, 1, 0),
    weights: [1, 1, 1, 1],
  };
  const search = new ThresholdSearch(enterRoot(node), 1);
  assert.equal(search.best(0), true);
  assert.equal(search.threshold, 15);
});

Deno.test("random() scores the threshold that it draws by its Gini impurity", () => {
  const random = new Random(1, "thresholds");
  const property = fc.property(cases(60), fc.constantFrom(1, 3), (node, minSamplesLeaf) => {
    const samples = enterRoot(node);
    const search = new ThresholdSearch(samples, minSamplesLeaf);
    const drawn = node.values.filter((_, i) => node.weights[i]! > 0);
    const varies = search.random(0, random);
    assert.equal(varies, drawn.some((value) => value !== drawn[0]));
    if (!varies) return;
    assert.ok(search.threshold >= Math.min(...drawn) && search.threshold < Math.max(...drawn));
    const expected = remaining(node, search.threshold, minSamplesLeaf);
    if (expected === Infinity) assert.equal(search.score, -1);
    else assert.ok(Math.abs(samples.weight - search.score - expected) < 1e-9 * samples.weight);
  });
  fc.assert(property, { seed: 1, numRuns: 500 });
});

Deno.test("random() draws the thresholds between the extremes equally often", () => {
  const node = {
    values: Uint8Array.of(20, 21, 24),
    labels: Uint8Array.of(0, 1, 2),
    weights: [1, 1, 1],
  };
  const search = new ThresholdSearch(enterRoot(node), 1);
  const random = new Random(1, "thresholds");
  const times = new Map<number, number>();
  for (let i = 0; i < 4000; i++) {
    search.random(0, random);
    times.set(search.threshold, (times.get(search.threshold) ?? 0) + 1);
  }
  assert.deepEqual([...times.keys()].sort(), [20, 21, 22, 23]);
  for (const n of times.values()) assert.ok(Math.abs(n - 1000) < 150, `${[...times]}`);
});
