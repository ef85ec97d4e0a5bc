import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import type { SamplerPlan } from "../../lib/diffusion/samplers/plan.ts";
import { diffusionDrawer, networkPlan, stretched } from "../../lib/generate/diffusion_drawer.ts";
import { type DenoiserEntry, type DenoiserName, denoisers } from "../../lib/models/generators.ts";
import { Random } from "../../lib/random.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { flow, linear } from "./processes.ts";

const shape = { height: 12, width: 12, channels: 1, classes: 10 };

Deno.test("networkPlan() takes noise on the way of a network that is blind to brightness", () => {
  const isNoisy = (plan: SamplerPlan) => plan.some(({ next }) => (next.noise ?? 0) > 0);
  const [own, other] = [networkPlan("ddpm", linear), networkPlan("cddpm", linear)];
  assert.deepEqual([own.length, isNoisy(own)], [50, true]);
  assert.deepEqual([other.length, isNoisy(other)], [20, false]);
  assert.equal(networkPlan("ddpm", linear, undefined, 8).length, 8);
  assert.equal(networkPlan("ddpm", { ...linear, timesteps: 12 }).length, 12);
  assert.equal(networkPlan("ddpm", linear, "dpm++").length, 20);
  assert.equal(networkPlan("ddpm", flow).length, 19);
});

Deno.test("the networks that are called blind answer the same to other brightness and contrast", async () => {
  const device = await openDevice();
  const noise = new Float32Array(2 * 12 * 12);
  new Random(3, "noise").fillNormal(noise, 0, 1);
  const answer = async (model: DenoiserName, values: Float32Array) => {
    const network = denoisers[model].build(shape, new Random(1, "init"), 400);
    const labels = tf.tensor1d([1, 2], "int32");
    const output = network.denoise(
      tf.tensor4d(values, [2, 12, 12, 1]),
      tf.tensor1d([7, 300]),
      denoisers[model].labels === "none" ? undefined : labels,
    );
    const result = Float32Array.from(await output.data());
    tf.dispose([output, labels]);
    network.dispose();
    return result;
  };
  for (const model of ["ddpm", "cddpm"] as const) {
    const { blind = false }: DenoiserEntry = denoisers[model];
    const [plain, changed] = [
      await answer(model, noise),
      await answer(model, noise.map((value) => 3 * value + 0.7)),
    ];
    const worst = Math.max(...plain.map((value, i) => Math.abs(value - changed[i]!)));
    assert.equal(worst < 1e-4, blind, `${model}: ${worst}`);
  }
  device.check();
});

Deno.test("stretched() gives each image the whole range, whatever its own", () => {
  const images = Float32Array.of(0, 1, 2, 4, -30, -10, -20, -10, 5, 5, 5, 5);
  const whole = [-1, -0.5, 0, 1, -1, 1, 0, 1, -1, -1, -1, -1];
  assert.deepEqual([...stretched(images, 4, [-1, 1])], whole);
});

Deno.test("images of a blind network have black paper and white ink", async () => {
  await openDevice();
  const network = denoisers.ddpm.build(shape, new Random(1, "init"), 400);
  const drawn = { model: "ddpm", network, shape, process: linear } as const;
  const drawer = diffusionDrawer(drawn, networkPlan("ddpm", linear, undefined, 3), {
    count: 2,
    seed: 5,
  });
  const { images, frames } = await drawer.sample({ frames: 2 });
  for (const values of [images, ...frames]) {
    for (const image of [values.subarray(0, 144), values.subarray(144)]) {
      assertAllClose([Math.min(...image), Math.max(...image)], [0, 1], { rtol: 0, atol: 1e-6 });
    }
  }
  drawer.dispose();
  network.dispose();
});
