import { confusionsOf, type Contestant, figuresOf, hardest } from "../../lib/compare/statistics.ts";
import { assert } from "../deps.ts";

const LABELS = [0, 1, 2, 3];

function contestant(name: string, seed: number, classes: number[]): Contestant {
  return {
    name,
    seed,
    run: `runs/${name}/${seed}`,
    size: `${name.length} parameters`,
    bytes: 100 * seed,
    trainSeconds: seed,
    imageSeconds: seed / 1000,
    classes: Uint8Array.from(classes),
  };
}

const CONTESTANTS = [
  contestant("weak", 1, [0, 0, 0, 0]),
  contestant("good", 1, [0, 1, 2, 2]),
  contestant("good", 2, [0, 1, 2, 3]),
  contestant("good", 3, [0, 1, 3, 2]),
];

Deno.test("figuresOf() gives mean and standard deviation by model, the best first", () => {
  const [good, weak] = figuresOf(CONTESTANTS, LABELS);
  assert.equal(good!.name, "good");
  assert.deepEqual(good!.accuracies, [0.75, 1, 0.5]);
  assert.equal(good!.mean, 0.75);
  // √(((0.75 − 0.75)² + 0.25² + 0.25²) / 2)
  assert.equal(good!.sd, 0.25);
  assert.deepEqual([good!.trainSeconds, good!.imageSeconds, good!.bytes], [2, 0.002, 200]);
  assert.deepEqual(good!.seeds, [1, 2, 3]);
  assert.deepEqual([weak!.mean, weak!.sd], [0.25, 0]);
});

Deno.test("hardest() counts the models that are wrong by their seeds, and names what most take an image for", () => {
  assert.deepEqual(hardest(CONTESTANTS, LABELS, 10), [
    { index: 3, wrong: 1 + 1 / 3 + 1 / 3, taken: 0 },
    { index: 2, wrong: 1 + 1 / 3, taken: 0 },
    { index: 1, wrong: 1, taken: 0 },
  ]);
  assert.equal(hardest(CONTESTANTS, LABELS, 1).length, 1);
  assert.deepEqual(hardest([contestant("all", 1, LABELS)], LABELS, 5), []);
});

Deno.test("confusionsOf() counts mistakes as means over the seeds", () => {
  const good = CONTESTANTS.filter(({ name }) => name === "good");
  assert.deepEqual(confusionsOf(good, LABELS, 5), [
    { truth: 3, taken: 2, count: 2 / 3 },
    { truth: 2, taken: 3, count: 1 / 3 },
  ]);
});
