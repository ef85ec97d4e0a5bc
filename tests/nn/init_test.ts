import { openDevice } from "../../lib/device.ts";
import { Conv2d } from "../../lib/nn/conv2d.ts";
import { uniformFanIn } from "../../lib/nn/init.ts";
import { Linear } from "../../lib/nn/linear.ts";
import type { Module } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/nn_init.json" with { type: "json" };

interface Expected {
  readonly bound: number;
  readonly std: number;
}

Deno.test("fresh layers are spread as PyTorch's", async (t) => {
  await openDevice();
  for (const { layer, options, ...expected } of fixture) {
    await t.step(`${layer} ${JSON.stringify(options)}`, async () => {
      const random = new Random(7, "init");
      const module: Module = layer === "Linear"
        ? new Linear(options.in, options.out, { random })
        : new Conv2d(options.in, options.out, options.kernel!, { random });
      for (const [name, { values }] of await module.stateDict()) {
        checkSpread(values, expected[name as "weight" | "bias"]);
      }
    });
  }
});

function checkSpread(values: Float32Array, { bound, std }: Expected): void {
  const n = values.length;
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  assert.ok(largest <= bound * (1 + 1e-6), `${largest} is beyond ${bound}`);
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  assert.ok(Math.abs(mean) < 5 * std / Math.sqrt(n), `the mean is ${mean}`);
  // The fourth moment of a uniform variable is 9/5 σ⁴, so s² has the variance 4/5 σ⁴ / n.
  const variance = values.reduce((sum, x) => sum + x * x, 0) / n;
  const error = Math.abs(variance / std ** 2 - 1);
  assert.ok(error < 5 * Math.sqrt(0.8 / n), `the standard deviation is ${Math.sqrt(variance)}`);
}

Deno.test("uniformFanIn() draws what the stream says", () => {
  const draw = (seed: number) => uniformFanIn(100, 16, new Random(seed, "a"));
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});
