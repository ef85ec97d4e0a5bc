import { below, FeatureDraw } from "../../../lib/classical/forest/feature_draw.ts";
import { Random } from "../../../lib/random.ts";
import { assert, fc } from "../../deps.ts";

/** The features that a node looks at, those of `constant` reported as such. */
function drawNode(draw: FeatureDraw, constants: number, constant: ReadonlySet<number>): number[] {
  const drawn: number[] = [];
  draw.begin(constants);
  for (let feature = draw.next(); feature >= 0; feature = draw.next()) {
    drawn.push(feature);
    if (constant.has(feature)) draw.foundConstant();
  }
  return drawn;
}

Deno.test("FeatureDraw draws as many different features as asked for", () => {
  const draw = new FeatureDraw(10, 4, new Random(1, "draw"));
  for (let node = 0; node < 100; node++) {
    const drawn = drawNode(draw, 0, new Set());
    assert.equal(drawn.length, 4);
    assert.equal(new Set(drawn).size, 4);
  }
});

Deno.test("FeatureDraw draws every feature equally often, whatever was drawn before", () => {
  const draw = new FeatureDraw(6, 2, new Random(3, "draw"));
  const times = new Array(6).fill(0);
  for (let node = 0; node < 6000; node++) {
    for (const feature of drawNode(draw, 0, new Set())) times[feature]++;
  }
  // 2000 expected, with a standard deviation of 37.
  for (const n of times) assert.ok(Math.abs(n - 2000) < 150, `${times}`);
});

Deno.test("FeatureDraw passes over known constants, and forgets them on the way up", () => {
  const features = fc.integer({ min: 1, max: 12 });
  const property = fc.property(
    features.chain((n) =>
      fc.record({
        n: fc.constant(n),
        maxFeatures: fc.integer({ min: 1, max: n }),
        above: fc.subarray(Array.from({ length: n }, (_, i) => i)),
        beneath: fc.subarray(Array.from({ length: n }, (_, i) => i)),
        seed: fc.nat(),
      })
    ),
    ({ n, maxFeatures, above, beneath, seed }) => {
      const draw = new FeatureDraw(n, maxFeatures, new Random(seed, "draw"));
      const constant = new Set(above);
      const first = drawNode(draw, 0, constant);
      const known = draw.constants;
      const knownFeatures = first.filter((feature) => constant.has(feature));
      assert.equal(known, knownFeatures.length);
      // A node that looked at constants only has met all of them.
      if (known === first.length) assert.equal(known, n);

      for (const set of [new Set([...above, ...beneath]), constant]) {
        const drawn = drawNode(draw, known, set);
        assert.ok(drawn.every((feature) => !knownFeatures.includes(feature)));
        assert.equal(new Set(drawn).size, drawn.length);
        assert.ok(drawn.length <= n - known);
        // All that may vary were met, or enough of those that do.
        const varying = drawn.filter((feature) => !set.has(feature));
        assert.ok(varying.length > 0 || drawn.length === n - known);
        assert.ok(varying.length <= maxFeatures);
      }
    },
  );
  fc.assert(property, { seed: 1, numRuns: 500 });
});

Deno.test("FeatureDraw counts the constants that it draws", () => {
  // With three of four constant and two to draw, the varying one must be met; when the first two
  // drawn hold it, nothing else is.
  for (let seed = 0; seed < 50; seed++) {
    const draw = new FeatureDraw(4, 2, new Random(seed, "draw"));
    const drawn = drawNode(draw, 0, new Set([0, 1, 2]));
    assert.ok(drawn.includes(3));
    assert.equal(drawn.length, Math.max(2, drawn.indexOf(3) + 1));
  }
});

Deno.test("below() covers 0 to n - 1 evenly", () => {
  const random = new Random(5, "below");
  const times = new Array(7).fill(0);
  for (let i = 0; i < 70_000; i++) times[below(random, 7)]++;
  for (const n of times) assert.ok(Math.abs(n - 10_000) < 500, `${times}`);
  assert.equal(below(random, 1), 0);
});
