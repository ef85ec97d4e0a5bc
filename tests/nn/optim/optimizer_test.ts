import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { CheckpointError } from "../../../lib/errors.ts";
import { Parameter } from "../../../lib/nn/module.ts";
import { Adam, AdamW } from "../../../lib/nn/optim/adam.ts";
import type { Optimizer } from "../../../lib/nn/optim/optimizer.ts";
import { SGD } from "../../../lib/nn/optim/sgd.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { hashTensor } from "../../fixtures/hash_values.ts";
import fixture from "../../fixtures/nn_optimizers.json" with { type: "json" };

type Parameters = Map<string, Parameter>;

/** PyTorch's options, and ours under our spelling. */
interface TorchOptions {
  readonly lr: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly betas?: [number, number];
  readonly eps?: number;
  readonly weight_decay?: number;
}

interface OptimizerCase {
  readonly optimizer: string;
  readonly options: TorchOptions;
  readonly rates?: readonly number[];
  readonly after: readonly Readonly<Record<string, readonly number[]>>[];
}

const cases = fixture.cases as unknown as OptimizerCase[];
const kinds = { SGD, Adam, AdamW };

function make(kind: string, { weight_decay, ...options }: TorchOptions, parameters: Parameters) {
  return new kinds[kind as keyof typeof kinds](parameters, {
    ...options,
    ...(weight_decay !== undefined && { weightDecay: weight_decay }),
  });
}

function freshParameters(): Parameters {
  return new Map(
    Object.entries(fixture.parameters).map((
      [name, tensor],
    ) => [name, new Parameter(hashTensor(tensor), tensor.shape)]),
  );
}

/** One step with the fixture's gradients of step `step`. */
function takeStep(optimizer: Optimizer, parameters: Parameters, step: number): void {
  const { first, perStep, perTensor } = fixture.gradientSeeds;
  tf.tidy(() => {
    const entries = [...parameters.values()].map(({ variable }, k) => {
      const seed = first + perStep * step + perTensor * k;
      const values = hashTensor({ shape: variable.shape, seed, scale: 1 });
      return [variable.name, tf.tensor(values, variable.shape)] as const;
    });
    optimizer.step(Object.fromEntries(entries));
  });
}

async function read(parameters: Parameters): Promise<Record<string, Float32Array>> {
  const values: Record<string, Float32Array> = {};
  for (const [name, parameter] of parameters) values[name] = (await parameter.read()).values;
  return values;
}

Deno.test("optimizers take PyTorch's steps", async (t) => {
  const device = await openDevice();
  for (const { optimizer: kind, options, rates, after } of cases) {
    const falling = rates ? " with a falling rate" : "";
    await t.step(`${kind} ${JSON.stringify(options)}${falling}`, async () => {
      const parameters = freshParameters();
      const optimizer = make(kind, options, parameters);
      for (const [step, expected] of after.entries()) {
        if (rates) optimizer.lr = rates[step]!;
        takeStep(optimizer, parameters, step);
        // Read at each step, which also finds a read that gives the values of the step before.
        const actual = await read(parameters);
        for (const [name, values] of Object.entries(expected)) {
          assertAllClose(actual[name]!, values, { rtol: 1e-5, atol: 1e-6 });
        }
      }
      assert.equal(optimizer.steps, after.length);
      device.check();
    });
  }
});

Deno.test("Adam's first step has the size of the learning rate, however small the gradient", async () => {
  const device = await openDevice();
  const parameter = new Parameter(new Float32Array(3), [3]);
  const optimizer = new Adam([["w", parameter]], { lr: 0.5, eps: 1e-30 });
  optimizer.step({ [parameter.variable.name]: tf.tensor1d([1e-6, -1, 1e6]) });
  assertAllClose((await parameter.read()).values, [-0.5, 0.5, -0.5], { rtol: 1e-5 });
  device.check();
});

Deno.test("an optimizer goes on from its saved state, bit for bit", async (t) => {
  const device = await openDevice();
  for (const index of [4, 7, 9]) {
    const { optimizer: kind, options } = cases[index]!;
    await t.step(`${kind} ${JSON.stringify(options)}`, async () => {
      const straight = freshParameters();
      const optimizer = make(kind, options, straight);
      for (let step = 0; step < 5; step++) takeStep(optimizer, straight, step);
      const weights = await read(straight);
      const state = await optimizer.stateDict();
      const { steps } = optimizer;
      for (let step = 5; step < 9; step++) takeStep(optimizer, straight, step);

      const resumed = freshParameters();
      for (const [name, parameter] of resumed) parameter.write(weights[name]!);
      const other = make(kind, options, resumed);
      other.loadStateDict(state, steps);
      for (let step = 5; step < 9; step++) takeStep(other, resumed, step);
      assert.deepEqual(await read(resumed), await read(straight));
      assert.deepEqual(await other.stateDict(), await optimizer.stateDict());
      device.check();
    });
  }
});

Deno.test("stateDict() names the slots after their parameters", async () => {
  await openDevice();
  const parameters = freshParameters();
  const names = async (optimizer: Optimizer) => [...(await optimizer.stateDict()).keys()];
  assert.deepEqual(await names(new SGD(parameters, { lr: 1 })), []);
  assert.deepEqual(await names(new SGD(parameters, { lr: 1, momentum: 0.9 })), [
    "weight.momentum_buffer",
    "bias.momentum_buffer",
  ]);
  assert.deepEqual(await names(new AdamW(parameters, { lr: 1 })), [
    "weight.exp_avg",
    "weight.exp_avg_sq",
    "bias.exp_avg",
    "bias.exp_avg_sq",
  ]);
});

Deno.test("loadStateDict() refuses another optimizer's state and changes nothing", async () => {
  const device = await openDevice();
  const parameters = freshParameters();
  const adam = new Adam(parameters, { lr: 0.1 });
  takeStep(adam, parameters, 0);
  const before = await adam.stateDict();
  const sgd = new SGD(parameters, { lr: 0.1, momentum: 0.9 });
  const transposed = new Map(before);
  const { values } = before.get("weight.exp_avg")!;
  transposed.set("weight.exp_avg", { shape: [4, 3], values });
  for (
    const [state, steps] of [
      [await sgd.stateDict(), 1],
      [new Map(), 1],
      [transposed, 1],
      [await new Adam(parameters, { lr: 1 }).stateDict(), NaN],
      [await new Adam(parameters, { lr: 1 }).stateDict(), -1],
    ] as const
  ) {
    assert.throws(() => adam.loadStateDict(state, steps), CheckpointError);
    assert.deepEqual(await adam.stateDict(), before);
    assert.equal(adam.steps, 1);
  }
  device.check();
});

Deno.test("an optimizer trains parameters and leaves buffers alone", async () => {
  await openDevice();
  const weight = new Parameter(Float32Array.of(1), [1]);
  const mean = new Parameter(Float32Array.of(2), [1], undefined, false);
  const optimizer = new SGD([["weight", weight], ["mean", mean]], { lr: 1 });
  assert.deepEqual(optimizer.variables, [weight.variable]);
  optimizer.step({ [weight.variable.name]: tf.tensor1d([3]) });
  assert.deepEqual([...(await weight.read()).values], [-2]);
  assert.deepEqual([...(await mean.read()).values], [2]);
});

Deno.test("step() refuses to go without a gradient", async () => {
  await openDevice();
  const optimizer = new SGD([["weight", new Parameter(new Float32Array(1), [1])]], { lr: 1 });
  assert.throws(() => optimizer.step({}), { name: "TypeError", message: /the parameter weight$/ });
});

Deno.test("SGD refuses Nesterov's momentum without a momentum", () => {
  assert.throws(() => new SGD([], { lr: 1, nesterov: true }), RangeError);
});

Deno.test("dispose() frees the slots", async () => {
  await openDevice();
  const parameters = freshParameters();
  const before = tf.memory().numTensors;
  const optimizer = new Adam(parameters, { lr: 1 });
  assert.equal(tf.memory().numTensors, before + 5);
  optimizer.dispose();
  assert.equal(tf.memory().numTensors, before);
});
