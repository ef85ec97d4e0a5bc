import { constant, cosine, linear, stepDecay, warmup } from "../../../lib/nn/optim/schedule.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import fixture from "../../fixtures/nn_schedules.json" with { type: "json" };

/** PyTorch's rates as factors on the rate above its floor, and those of a schedule of ours. */
function pair(name: string, options: Record<string, unknown>, schedule: (step: number) => number) {
  const found = fixture.filter((c) =>
    c.schedule === name &&
    Object.entries(options).every(([key, value]) =>
      (c.options as Record<string, unknown>)[key] === value
    )
  );
  assert.equal(found.length, 1, `${name} ${JSON.stringify(options)}`);
  const { lr, rates, options: { eta_min: floor = 0 } } = found[0]! as typeof found[0] & {
    options: { eta_min?: number };
  };
  const expected = rates.map((rate) => (rate - floor) / (lr - floor));
  return [rates.map((_, step) => schedule(step)), expected] as const;
}

Deno.test("schedules give the factors of PyTorch's", () => {
  const pairs = [
    pair("ConstantLR", {}, constant()),
    pair("StepLR", { step_size: 5, gamma: 0.5 }, stepDecay(5, 0.5)),
    pair("CosineAnnealingLR", { T_max: 20, eta_min: 0 }, cosine(20)),
    pair("CosineAnnealingLR", { T_max: 20, eta_min: 0.01 }, cosine(20)),
    pair("LinearLR", { start_factor: 1, end_factor: 0 }, linear(20)),
    pair("LambdaLR", { lambda: "1 - epoch / 20" }, linear(20)),
  ];
  for (const [actual, expected] of pairs) {
    assertAllClose(actual, expected, { rtol: 1e-7, atol: 1e-8 });
  }
});

Deno.test("warmup() rises to 1 and lets the next schedule count from there", () => {
  const schedule = warmup(5, cosine(15));
  const rise = [0, 1, 2, 3, 4].map(schedule);
  assertAllClose(rise, [0.2, 0.4, 0.6, 0.8, 1], { rtol: 1e-15, atol: 0 });
  const [actual, expected] = pair("WarmupCosine", { warmup: 5, T_max: 15 }, schedule);
  assertAllClose(actual.slice(5), expected.slice(5), { rtol: 1e-7, atol: 1e-8 });
  assert.equal(warmup(0, constant())(0), 1);
});

Deno.test("linear() and cosine() stay at 0 after their end", () => {
  for (const schedule of [linear(10), cosine(10)]) {
    for (const step of [10, 11, 25]) assert.equal(schedule(step), 0);
  }
});
