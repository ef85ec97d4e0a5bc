import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { GRUClassifier } from "../../lib/models/gru.ts";
import { GRU } from "../../lib/nn/gru.ts";
import { Context } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar, Tensor1D, Tensor4D, Variable } from "../../lib/tensor.ts";
import { trainStep } from "../../lib/train/loop.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import fixture from "../fixtures/nn_gru.json" with { type: "json" };
import { hashState, permuteByIndices } from "./reference.ts";

/** A layer's case in `nn_gru.json`, everything in PyTorch's layout. */
interface LayerCase {
  readonly in: number;
  readonly hidden: number;
  readonly last: boolean;
  readonly input: HashTensor;
  readonly initial?: HashTensor;
  readonly parameters: Readonly<Record<string, HashTensor>>;
  readonly outputGradient: HashTensor;
  readonly output: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const make = (tensor: HashTensor) => tf.tensor(hashTensor(tensor), [...tensor.shape]);

Deno.test("GRU gives PyTorch's output and gradients", async (t) => {
  const device = await openDevice();
  for (const c of fixture.layers as unknown as LayerCase[]) {
    await t.step(`${c.input.shape.join("x")}, ${c.hidden} units`, async () => {
      const layer = new GRU(c.in, c.hidden, { random: new Random(0) });
      layer.loadStateDict(hashState(c.parameters));
      const leaves: Record<string, Variable> = tf.tidy(() => ({
        input: tf.variable(make(c.input)),
        ...(c.initial && { initial: tf.variable(make(c.initial)) }),
      }));
      const { input, initial } = leaves;
      const run = () => c.last ? layer.last(input!, initial) : layer.states(input!, initial);
      const parameters = [...layer.namedParameters()];
      const variables = [
        ...Object.values(leaves),
        ...parameters.map(([, { variable }]) => variable),
      ];
      const { grads } = tf.tidy(() =>
        tf.variableGrads(() => tf.sum(tf.mul(run(), make(c.outputGradient))), variables)
      );
      const tolerance = { rtol: 1e-5, atol: 2e-5 };
      assertAllClose(await tf.tidy(run).data(), c.output, tolerance);
      for (const [name, { name: key }] of Object.entries(leaves)) {
        assertAllClose(await grads[key]!.data(), c.gradients[name]!, tolerance);
      }
      for (const [name, { variable, layout }] of parameters) {
        const own = await grads[variable.name]!.data();
        const gradient = permuteByIndices(own, layout.view, layout.order);
        assertAllClose(gradient, c.gradients[name]!, tolerance);
      }
      device.check();
      tf.dispose([grads, leaves]);
      layer.dispose();
    });
  }
});

Deno.test("GRU's forward gives all states, the last of which last() gives", async () => {
  await openDevice();
  const layer = new GRU(3, 5, { random: new Random(1) });
  const x = make({ shape: [2, 4, 3], seed: 1, scale: 1 });
  const [all, last] = tf.tidy(() => [layer.forward(x), layer.last(x)]);
  assert.deepEqual([all!.shape, last!.shape], [[2, 4, 5], [2, 5]]);
  const states = await all!.data();
  assertAllClose(await last!.data(), [...states.slice(15, 20), ...states.slice(35, 40)], {
    rtol: 0,
    atol: 0,
  });
});

Deno.test("GRU starts with weights from ±1/√hidden", async () => {
  await openDevice();
  const state = await new GRU(28, 64, { random: new Random(1) }).stateDict();
  const shapes = [...state].map(([name, { shape }]) => [name, ...shape]);
  assert.deepEqual(shapes, [
    ["weight_ih_l0", 192, 28],
    ["weight_hh_l0", 192, 64],
    ["bias_ih_l0", 192],
    ["bias_hh_l0", 192],
  ]);
  for (const { values } of state.values()) {
    const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    assert.ok(largest <= 1 / 8 && largest > 0.95 / 8);
  }
});

Deno.test("GRUClassifier has the parameters of the report, under PyTorch's names", async () => {
  await openDevice();
  const network = new GRUClassifier(
    { height: 28, width: 28, channels: 1, classes: 10 },
    new Random(1),
  );
  assert.equal(network.parameterCount, 18_698);
  assert.deepEqual(
    [...network.namedParameters()].map(([name]) => name),
    Object.keys(fixture.classifier.parameters),
  );
});

Deno.test("GRUClassifier learns as PyTorch's, step by step", async () => {
  const device = await openDevice();
  const { images, labels, lr, parameters, losses64 } = fixture.classifier;
  const [count, , height, width] = images.shape as [number, number, number, number];
  const network = new GRUClassifier({ height, width, channels: 1, classes: 10 }, new Random(1));
  network.loadStateDict(hashState(parameters));
  const batch = {
    images: tf.tensor(hashTensor(images), [count, height, width, 1]) as Tensor4D,
    labels: tf.tensor1d(labels, "int32") as Tensor1D,
  };
  const optimizer = new SGD(network.namedParameters(), { lr });
  const step = eagerStep(() => trainStep(network, optimizer, batch, new Context()));
  assertAllClose(await step.run(losses64.length), losses64, { rtol: 1e-5, atol: 1e-6 });
  device.check();
});

/** Twenty steps; the losses and weights that they leave, and the dispatches of one. */
async function train(compile: (step: () => Scalar) => CompiledStep) {
  const device = await openDevice();
  const batch = {
    images: make({ shape: [16, 8, 8, 1], seed: 3, scale: 1 }) as Tensor4D,
    labels: tf.tensor1d(Array.from({ length: 16 }, (_, i) => i % 10), "int32") as Tensor1D,
  };
  const clock = new Clock();
  const shape = { height: 8, width: 8, channels: 1, classes: 10 };
  const network = new GRUClassifier(shape, new Random(1, "init"), { hidden: 12 });
  const optimizer = new Adam(network.namedParameters(), { lr: 1e-2 });
  optimizer.follow(clock, () => 1e-2, 20);
  const step = compile(() => {
    const loss = trainStep(network, optimizer, batch, new Context());
    clock.advance();
    return loss;
  });
  const losses = await step.run(20);
  device.check();
  const weights = [...(await network.stateDict()).values()].map(({ values }) => values);
  const dispatches = step.stats?.dispatches;
  for (const part of [step, clock, optimizer, network]) part.dispose();
  return { losses, weights, dispatches };
}

Deno.test("a replayed step of GRUClassifier gives the bits of an eager one", async () => {
  const eager = await train(eagerStep);
  const replayed = await train(compileStep);
  assert.ok(eager.losses.every(Number.isFinite));
  assert.ok(eager.losses.at(-1)! < eager.losses[0]!);
  assert.deepEqual(replayed.losses, eager.losses);
  replayed.weights.forEach((values, k) => {
    const other = eager.weights[k]!;
    assert.ok(values.every((value, i) => Object.is(value, other[i])), `parameter ${k}`);
  });
  // Forward and backward: projection, recurrence, its weights, last layer, loss, each of them once;
  // the optimizer, the loss ring and the clock.
  assert.ok(replayed.dispatches! <= 14, `${replayed.dispatches} dispatches`);
});
