import { UsageError } from "../../lib/errors.ts";
import { applyOptimization } from "../../lib/train/options.ts";
import { makeOptimizer, type Optimization } from "../../lib/train/recipe.ts";
import { openDevice } from "../../lib/device.ts";
import { tf } from "../../lib/deps.ts";
import { Linear } from "../../lib/nn/linear.ts";
import { Random } from "../../lib/random.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";

const RECIPE: Optimization = {
  epochs: 2,
  batchSize: 8,
  optimizer: "adam",
  lr: 0.1,
  schedule: "constant",
  seed: 1,
};

Deno.test("what is given stands in the place of the recipe's, and nothing else changes", () => {
  const given = { epochs: 3, beta1: 0.5, "weight-decay": 0 };
  assert.deepEqual(applyOptimization(RECIPE, given as never), {
    ...RECIPE,
    epochs: 3,
    beta1: 0.5,
    weightDecay: 0,
  });
  assert.deepEqual(applyOptimization(RECIPE, {} as never), RECIPE);
});

Deno.test("--beta1 is refused where the optimizer has none", () => {
  const give = (optimizer: string) => () =>
    applyOptimization(RECIPE, { optimizer, beta1: 0.5 } as never);
  assert.throws(give("sgd"), UsageError);
  assert.equal(give("adamw")().beta1, 0.5);
});

Deno.test("beta1 reaches Adam: the second step weighs the first gradient by it", async () => {
  await openDevice();
  for (const beta1 of [0.5, undefined]) {
    const layer = new Linear(1, 1, { bias: false, random: new Random(1) });
    const optimizer = makeOptimizer({ ...RECIPE, ...(beta1 && { beta1 }) }, layer);
    const [weight] = optimizer.variables;
    const before = (await weight!.data())[0]!;
    for (const gradient of [3, -1]) optimizer.step({ [weight!.name]: tf.tensor2d([[gradient]]) });
    // Kingma & Ba 2015, algorithm 1, in float64.
    let [m, v, w] = [0, 0, before];
    const b1 = beta1 ?? 0.9;
    for (const [i, g] of [3, -1].entries()) {
      [m, v] = [b1 * m + (1 - b1) * g, 0.999 * v + 0.001 * g * g];
      w -= 0.1 * (m / (1 - b1 ** (i + 1))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
    }
    assertAllClose(await weight!.data() as Float32Array, [w], { atol: 1e-6 });
    optimizer.dispose();
    layer.dispose();
  }
});
