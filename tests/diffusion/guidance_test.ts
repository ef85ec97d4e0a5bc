/** Guidance against its formula, and bit for bit where a scale leaves nothing to compute. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { type Denoiser, type Guidance, guide } from "../../lib/diffusion/guidance.ts";
import { Sampler, type SamplerOptions } from "../../lib/diffusion/sampler.ts";
import { ddim } from "../../lib/diffusion/samplers/ddim.ts";
import type { SamplerPlan } from "../../lib/diffusion/samplers/plan.ts";
import { euler } from "../../lib/diffusion/samplers/rectified_flow.ts";
import { linearSchedule } from "../../lib/diffusion/schedule.ts";
import type { Tensor1D, Tensor4D } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { compute } from "../engine/poisoned.ts";

const NULL = 10;
const LABELS = [3, 0, 9, 3];

const answer = (x: number, t: number, label: number) => Math.sin(x + 0.01 * t + 0.4 * label);

/** The batch sizes that a network was called with. */
function conditional(calls: number[] = []): Denoiser {
  return (x, t, labels) => {
    calls.push(x.shape[0]);
    const column = (values: Tensor1D, factor: number) =>
      tf.mul(tf.cast(values, "float32"), factor).reshape([-1, 1, 1, 1]);
    return tf.sin(tf.add(tf.add(x, column(t, 0.01)), column(labels!, 0.4)));
  };
}

const PLAN = ddim(linearSchedule(100), { steps: 10 });

async function sample(
  guidance: Guidance | undefined,
  { labels = LABELS, plan = PLAN, denoiser = conditional(), ...options }:
    & { labels?: number[]; plan?: SamplerPlan; denoiser?: Denoiser }
    & Partial<SamplerOptions> = {},
) {
  const device = await openDevice();
  const sampler = new Sampler(denoiser, plan, {
    shape: [4, 3, 3, 1],
    seed: 2,
    labelled: true,
    ...(guidance && { guidance }),
    ...options,
  });
  const { images } = await sampler.sample({ labels });
  device.check();
  sampler.dispose();
  return images;
}

Deno.test("guide() is unconditional + scale (conditional - unconditional)", async () => {
  const x = Float32Array.from({ length: 4 * 5 }, (_, i) => Math.cos(i));
  for (const scale of [-0.5, 0, 0.5, 1, 1.5, 3]) {
    const { values: [guided] } = await compute(() => [
      guide(conditional(), { scale, nullClass: NULL })(
        tf.tensor4d(x, [4, 5, 1, 1]),
        tf.tensor1d([1, 2, 3, 4]),
        tf.tensor1d(LABELS, "int32"),
      ),
    ]);
    const expected = x.map((value, i) => {
      const n = Math.floor(i / 5);
      const without = answer(value, n + 1, NULL);
      return without + scale * (answer(value, n + 1, LABELS[n]!) - without);
    });
    assertAllClose(guided!, expected, { rtol: 1e-4, atol: 2e-5 });
  }
});

Deno.test("a scale of 1 is the conditional network and one of 0 the unconditional, bit for bit", async () => {
  const one = await sample({ scale: 1, nullClass: NULL });
  assert.deepEqual(one, await sample(undefined));
  const zero = await sample({ scale: 0, nullClass: NULL });
  assert.deepEqual(zero, await sample(undefined, { labels: LABELS.map(() => NULL) }));
  assert.notDeepEqual(one, zero);
});

Deno.test("scales 0 and 1 call the network on the batch alone, others on twice as much", async () => {
  for (const [scale, size] of [[0, 4], [1, 4], [2, 8]] as const) {
    const calls: number[] = [];
    await sample({ scale, nullClass: NULL }, { denoiser: conditional(calls), eager: true });
    assert.deepEqual(calls, new Array(10).fill(size), `scale ${scale}`);
  }
});

Deno.test("guidance applies within its interval of noise levels alone", async () => {
  const noiseLevels = PLAN.map(({ level: { alpha, sigma } }) => sigma / alpha);
  // From the fourth evaluation up to and with the eighth.
  const interval = [noiseLevels[8]!, noiseLevels[3]!] as const;
  const guidance = { scale: 3, nullClass: NULL, interval };
  const calls: number[] = [];
  const eager = await sample(guidance, { denoiser: conditional(calls), eager: true });
  assert.deepEqual(calls, [4, 4, 4, 8, 8, 8, 8, 8, 4, 4]);
  assert.deepEqual(await sample(guidance), eager, "recorded");
  const never = { scale: 3, nullClass: NULL, interval: [1e3, 1e4] } as const;
  assert.deepEqual(await sample(never), await sample(undefined));
  const always = { scale: 3, nullClass: NULL, interval: [0, Infinity] } as const;
  assert.deepEqual(await sample(always), await sample({ scale: 3, nullClass: NULL }));
});

Deno.test("a rectified flow is guided from pure noise on", async () => {
  const calls: number[] = [];
  await sample({ scale: 2, nullClass: NULL, interval: [0.5, Infinity] }, {
    plan: euler(4),
    denoiser: conditional(calls),
    eager: true,
  });
  // Times 1, 0.75, 0.5 and 0.25 have levels ∞, 3, 1 and 1/3.
  assert.deepEqual(calls, [8, 8, 8, 4]);
});

Deno.test("labels may change from one sampling to the next", async () => {
  const device = await openDevice();
  const guidance = { scale: 2, nullClass: NULL };
  const sampler = new Sampler(conditional(), PLAN, {
    shape: [4, 3, 3, 1],
    seed: 2,
    labelled: true,
    guidance,
  });
  for (const labels of [LABELS, [1, 1, 2, 2], LABELS]) {
    assert.deepEqual((await sampler.sample({ labels })).images, await sample(guidance, { labels }));
  }
  await assert.rejects(() => sampler.sample(), {
    name: "RangeError",
    message: /takes 4 labels, got 0/,
  });
  await assert.rejects(() => sampler.sample({ labels: [1] }), { name: "RangeError" });
  sampler.dispose();
  device.check();
});

Deno.test("guidance needs labels", async () => {
  await openDevice();
  const guidance = { scale: 2, nullClass: NULL };
  await assert.rejects(() => sample(guidance, { labelled: false }), {
    name: "RangeError",
    message: /guidance needs labels/,
  });
  await assert.rejects(() => sample(undefined, { labelled: false }), {
    name: "RangeError",
    message: /takes 0 labels, got 4/,
  });
  assert.throws(
    () => guide(conditional(), guidance)({} as Tensor4D, {} as Tensor1D),
    { name: "TypeError", message: /got none/ },
  );
});
