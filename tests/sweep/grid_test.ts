import {
  describeRun,
  expandGrid,
  type GridEntry,
  gridSize,
  type Point,
} from "../../lib/sweep/grid.ts";
import { assert, fc } from "../deps.ts";

const point: fc.Arbitrary<Point> = fc.oneof(
  fc.string({ minLength: 1, maxLength: 6 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  fc.boolean(),
  fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
);
const axis = fc.uniqueArray(point, {
  minLength: 1,
  maxLength: 4,
  selector: (value) => JSON.stringify(value),
});
const entry: fc.Arbitrary<GridEntry> = fc.record({
  task: fc.constantFrom("mlp", "cnn"),
  axes: fc.dictionary(fc.constantFrom("lr", "epochs", "ema", "val"), axis),
  seeds: fc.uniqueArray(fc.nat(), { maxLength: 3 }),
});

Deno.test("expandGrid() makes as many runs as the product of the axes, all different", () => {
  fc.assert(fc.property(entry, (entry) => {
    const runs = expandGrid([entry]);
    assert.equal(runs.length, gridSize(entry));
    assert.equal(new Set(runs.map(({ id }) => id)).size, runs.length);
    assert.equal(
      new Set(runs.map((run) => JSON.stringify([run.options, run.seed]))).size,
      runs.length,
    );
    for (const { options, seed } of runs) {
      assert.deepEqual(Object.keys(options), Object.keys(entry.axes));
      for (const [name, value] of Object.entries(options)) {
        assert.ok(entry.axes[name]!.includes(value));
      }
      assert.ok(seed === undefined ? entry.seeds.length === 0 : entry.seeds.includes(seed));
    }
  }));
});

Deno.test("expandGrid() has a fixed order: the seed changes first, then the last option", () => {
  const axes = { lr: [0.1, 0.2], optimizer: ["sgd", "adam"] };
  const runs = expandGrid([{ task: "mlp", axes, seeds: [1, 2] }]);
  assert.deepEqual(runs.map(describeRun), [
    "mlp lr=0.1 optimizer=sgd seed=1",
    "mlp lr=0.1 optimizer=sgd seed=2",
    "mlp lr=0.1 optimizer=adam seed=1",
    "mlp lr=0.1 optimizer=adam seed=2",
    "mlp lr=0.2 optimizer=sgd seed=1",
    "mlp lr=0.2 optimizer=sgd seed=2",
    "mlp lr=0.2 optimizer=adam seed=1",
    "mlp lr=0.2 optimizer=adam seed=2",
  ]);
});

Deno.test("expandGrid() knows a run again wherever it stands, and takes it once", () => {
  fc.assert(fc.property(entry, (entry) => {
    const reversed = Object.fromEntries(Object.entries(entry.axes).reverse());
    const turned = { ...entry, axes: reversed, seeds: entry.seeds.toReversed() };
    assert.deepEqual(expandGrid([entry, turned]), expandGrid([entry]));
    const ids = (entry: GridEntry) => expandGrid([entry]).map(({ id }) => id).sort();
    assert.deepEqual(ids(turned), ids(entry));
  }));
});

Deno.test("expandGrid() gives each run a name that a folder can have", () => {
  fc.assert(fc.property(entry, (entry) => {
    for (const { id } of expandGrid([entry])) assert.match(id, /^(mlp|cnn)(-s\d+)?-[\da-f]{12}$/);
  }));
});
