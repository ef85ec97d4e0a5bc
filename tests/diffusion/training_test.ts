/** Forward process, loss, optimizer and sampler together, on the digits. @module */

import { digits } from "../../lib/data/digits.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { ForwardProcess } from "../../lib/diffusion/forward.ts";
import type { Denoiser } from "../../lib/diffusion/guidance.ts";
import { diffusionLoss } from "../../lib/diffusion/loss.ts";
import { Sampler } from "../../lib/diffusion/sampler.ts";
import { ddim } from "../../lib/diffusion/samplers/ddim.ts";
import { linearSchedule } from "../../lib/diffusion/schedule.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { Feed } from "../../lib/engine/feed.ts";
import { compileStep, eagerStep } from "../../lib/engine/step.ts";
import { Linear } from "../../lib/nn/linear.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { Random } from "../../lib/random.ts";
import type { Tensor1D, Tensor4D } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

const STEPS = 80;
const SHAPE = [4, 8, 8, 1] as const;
const CLASSES = Array.from({ length: 11 }, (_, k) => k);

/** Trains a linear network of image and class for some steps; samples before and after. */
async function train(compile: typeof compileStep) {
  const device = await openDevice();
  const { train, maxValue } = await digits();
  const schedule = linearSchedule(100, { scaled: true });
  const clock = new Clock();
  const feed = new Feed(train, { maxValue, batchSize: 32, clock });
  const forward = new ForwardProcess(schedule, {
    seed: 1,
    clock,
    prediction: "v",
    minSnr: 5,
    drop: { probability: 0.1, nullClass: 10 },
  });
  const fc = new Linear(64 + 11, 64, { random: new Random(1, "init") });
  const optimizer = new Adam(fc.namedParameters(), { lr: 1e-2 });
  optimizer.follow(clock, () => 1e-2, STEPS);
  const classes = tf.tensor1d(CLASSES, "int32");
  const network: Denoiser = (x: Tensor4D, _: Tensor1D, labels?: Tensor1D) => {
    const own = tf.cast(tf.equal(labels!.reshape([-1, 1]), classes), "float32");
    return fc.forward(tf.concat([x.reshape([-1, 64]), own], 1)).reshape([-1, 8, 8, 1]);
  };
  const step = compile(() => {
    const { images, labels } = feed.batch(32);
    const batch = forward.draw(images, labels);
    const loss = () => diffusionLoss(network(batch.x, batch.t, batch.labels), batch);
    const { value, grads } = tf.variableGrads(loss, optimizer.variables);
    optimizer.step(grads);
    clock.advance();
    return value;
  });
  const sampler = () =>
    new Sampler(network, ddim(schedule, { steps: 5, prediction: "v" }), {
      shape: SHAPE,
      seed: 1,
      clamp: [-1, 1],
      labelled: true,
      guidance: { scale: 2, nullClass: 10 },
      eager: compile === eagerStep,
    });
  const request = { labels: [0, 1, 2, 3] };
  const [kept, losses] = [sampler(), [...await step.run(STEPS / 2)]];
  await kept.sample(request);
  losses.push(...await step.run(STEPS / 2));
  const { images } = await kept.sample(request);
  const fresh = sampler();
  assert.deepEqual((await fresh.sample(request)).images, images, "recordings see new weights");
  device.check();
  for (const used of [kept, fresh, step, feed, forward, optimizer, fc, clock]) used.dispose();
  classes.dispose();
  return { losses, images };
}

Deno.test("a recorded diffusion step trains as an eager one, and samplers follow the weights", async () => {
  const recorded = await train(compileStep);
  const { losses, images } = recorded;
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  assert.ok(mean(losses.slice(-20)) < 0.8 * mean(losses.slice(0, 20)), losses.join());
  assert.ok(images.every((x) => Math.abs(x) <= 1), "the last step ends at the clamped image");
  assert.deepEqual(await train(eagerStep), recorded);
});
