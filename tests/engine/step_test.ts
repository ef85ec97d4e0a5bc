import { digits } from "../../lib/data/digits.ts";
import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { Feed } from "../../lib/engine/feed.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { updateInPlace } from "../../lib/engine/update.ts";
import { RecordingError } from "../../lib/errors.ts";
import { type ModelName, models } from "../../lib/models/registry.ts";
import { Context, type StateDict } from "../../lib/nn/module.ts";
import { Adam, AdamW } from "../../lib/nn/optim/adam.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import { trainStep } from "../../lib/train/loop.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

const SHAPE = { height: 8, width: 8, channels: 1, classes: 10 };

const OPTIMIZERS = {
  "SGD with momentum": (p: ParametersOf) =>
    new SGD(p, { lr: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
  "Adam": (p: ParametersOf) => new Adam(p, { lr: 1e-3 }),
  "AdamW": (p: ParametersOf) => new AdamW(p, { lr: 1e-3 }),
};

type ParametersOf = ConstructorParameters<typeof SGD>[0];

/** Twenty steps of a model with dropout and a falling rate; everything that they leave behind. */
async function train(
  compile: (step: () => Scalar) => CompiledStep,
  model: ModelName,
  optimizerName: keyof typeof OPTIMIZERS,
) {
  const device = await openDevice();
  const { train, maxValue } = await digits();
  const clock = new Clock();
  const feed = new Feed(train, { maxValue, batchSize: 16, clock });
  feed.startEpoch(new Random(1, "order").permutation(train.count));
  const network = models[model].build(SHAPE, new Random(1, "init"));
  const optimizer = OPTIMIZERS[optimizerName](network.namedParameters());
  optimizer.follow(clock, (step) => 0.05 / (1 + step), 20);
  const step = compile(() => {
    const loss = trainStep(network, optimizer, feed.batch(16), Context.training(1, clock.step));
    clock.advance();
    return loss;
  });
  // Windows of several lengths, so that submits begin and end within and between them; and weights
  // read in between, which tfjs would give again unchanged if it were not told.
  const losses = [...await step.run(1), ...await step.run(2)];
  await network.stateDict();
  losses.push(...await step.run(17));
  device.check();
  const weights = await network.stateDict();
  const slots = await optimizer.stateDict();
  step.dispose();
  feed.dispose();
  clock.dispose();
  optimizer.dispose();
  network.dispose();
  return { losses, weights, slots };
}

/** Not deepEqual: on a difference it would print the tensors whole. */
function assertSameBits(actual: StateDict, expected: StateDict): void {
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [name, { values }] of expected) {
    const other = actual.get(name)!.values;
    const differing = values.findIndex((value, i) => !Object.is(value, other[i]));
    const found = `${name}[${differing}]: ${other[differing]} instead of ${values[differing]}`;
    assert.equal(differing, -1, found);
  }
}

Deno.test("a replayed step gives the bits of an eager one, for every model and optimizer", async (t) => {
  const pairs: [ModelName, keyof typeof OPTIMIZERS][] = [
    ...Object.keys(OPTIMIZERS).map((name) => ["mlp", name] as never),
    ["mlp-512", "SGD with momentum"],
    ["cnn", "Adam"],
  ];
  for (const [model, optimizer] of pairs) {
    await t.step(`${model}, ${optimizer}`, async () => {
      const eager = await train(eagerStep, model, optimizer);
      const replayed = await train(compileStep, model, optimizer);
      assert.ok(eager.losses.every(Number.isFinite));
      assert.ok(new Set(eager.losses).size === 20, "each step has another batch and another loss");
      assert.deepEqual(replayed.losses, eager.losses);
      assertSameBits(replayed.weights, eager.weights);
      assertSameBits(replayed.slots, eager.slots);
    });
  }
});

Deno.test("a recording leaves no tensor behind and creates nothing in steady state", async () => {
  const { gpu } = await openDevice();
  const w = tf.variable(tf.zeros([8]));
  const step = compileStep(() => {
    const loss = tf.sum(tf.square(tf.sub(w, 1))) as Scalar;
    updateInPlace("towards_one", "result[i] + 0.1 * (1.0 - result[i])", w, {}, {});
    return loss;
  });
  const before = tf.memory().numTensors;
  await step.run(40);
  const made: string[] = [];
  const restore = ["createBindGroup", "createBuffer", "createComputePipeline"].map((name) => {
    const original = Reflect.get(gpu, name) as (...args: unknown[]) => unknown;
    Reflect.set(gpu, name, (...args: unknown[]) => {
      made.push(name);
      return original.apply(gpu, args);
    });
    return () => Reflect.set(gpu, name, original);
  });
  const losses = await step.run(200);
  restore.forEach((put) => put());
  assert.deepEqual(made.filter((name) => name !== "createBuffer"), []);
  // The one read of the losses at the end may need a staging buffer.
  assert.ok(made.length <= 1, made.join());
  assert.equal(tf.memory().numTensors, before + 1);
  assert.ok(losses.at(-1)! < 1e-6);
  step.dispose();
  w.dispose();
  assert.equal(tf.memory().numTensors, before - 2);
});

const REFUSED: Record<
  string,
  [step: (w: tf.Variable, calls: number) => tf.Tensor, message: RegExp]
> = {
  "a random tensor made on the CPU": [
    (w) => tf.sum(tf.mul(w, tf.randomNormal([4]))),
    /Multiply did not do the same/,
  ],
  "a number that changes": [
    (w, calls) => tf.sum(tf.mul(w, calls)),
    /Multiply did not do the same/,
  ],
  "another shape": [
    (_, calls) => tf.sum(tf.ones([2 + calls])),
    /did not do the same/,
  ],
  "a read": [
    (w) => tf.scalar((w.dataSync() as Float32Array)[0]!),
    /reads a tensor/,
  ],
  "a variable replaced": [
    (w) => {
      w.assign(tf.add(w, 1));
      return tf.sum(w);
    },
    /was replaced by assign/,
  ],
  "a tensor kept": [
    (w) => tf.sum(tf.keep(tf.add(w, 1))),
    /leave no tensor but its loss, got 1 more/,
  ],
  "no loss": [
    (w) => tf.add(w, 1),
    /must return its loss, a scalar/,
  ],
};

Deno.test("a step that cannot be replayed soundly is refused with the reason", async (t) => {
  await openDevice();
  for (const [why, [body, message]] of Object.entries(REFUSED)) {
    await t.step(why, async () => {
      const w = tf.variable(tf.ones([4]));
      let calls = 0;
      const step = compileStep(() => body(w, ++calls) as Scalar);
      await assert.rejects(step.run(3), (error: Error) => {
        assert.ok(error instanceof RecordingError, String(error));
        assert.match(error.message, message);
        return true;
      });
      // The backend is as before.
      assert.equal((await tf.add(1, 2).data())[0], 3);
    });
  }
  await t.step("an optimizer whose rate a replay would never change", async () => {
    const w = tf.variable(tf.ones([4]));
    const network = models.mlp.build(SHAPE, new Random(1));
    const optimizer = new SGD(network.namedParameters(), { lr: 0.1 });
    const step = compileStep(() => {
      optimizer.step(Object.fromEntries(optimizer.variables.map((v) => [v.name, v])));
      return tf.sum(w) as Scalar;
    });
    await assert.rejects(step.run(2), /the optimizer .* follow\(clock/);
  });
});
