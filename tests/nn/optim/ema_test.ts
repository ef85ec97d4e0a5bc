import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { Clock } from "../../../lib/engine/clock.ts";
import { compileStep, eagerStep } from "../../../lib/engine/step.ts";
import { CheckpointError, RecordingError } from "../../../lib/errors.ts";
import { Parameter } from "../../../lib/nn/module.ts";
import { EMA } from "../../../lib/nn/optim/ema.ts";
import { SGD } from "../../../lib/nn/optim/sgd.ts";
import type { Scalar, Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";

function parameters(): Map<string, Parameter> {
  return new Map([
    ["a", new Parameter(Float32Array.of(1, -2, 3), [3])],
    ["b", new Parameter(Float32Array.of(0.5, 4, 0, -1), [2, 2])],
    ["running", new Parameter(Float32Array.of(7), [1], undefined, false)],
  ]);
}

/** A step that pulls all weights towards 0, at another rate each time. */
function stepOf(all: Map<string, Parameter>, ema: EMA, optimizer: SGD, clock: Clock) {
  return (): Scalar => {
    const { value, grads } = tf.variableGrads(
      () =>
        tf.addN(optimizer.variables.map((w) => tf.sum(tf.square(w as Tensor)) as Tensor)) as Scalar,
      [...all.values()].filter(({ trainable }) => trainable).map(({ variable }) => variable),
    );
    optimizer.step(grads);
    ema.update();
    clock.advance();
    return value;
  };
}

const lr = (step: number) => 0.1 / (1 + step);

/** The averages of `w` after so many steps, in float64. */
function definition(start: readonly number[], steps: number, decay: number): number[] {
  return start.map((first) => {
    let [w, average] = [first, first];
    for (let t = 1; t <= steps; t++) {
      w -= lr(t - 1) * 2 * w;
      const d = Math.min(decay, (1 + t) / (10 + t));
      average = d * average + (1 - d) * w;
    }
    return average;
  });
}

const DECAY = 0.6;
const STEPS = 30;

async function train(compile: typeof compileStep) {
  const device = await openDevice();
  const all = parameters();
  const clock = new Clock();
  const optimizer = new SGD(all, { lr: 0 });
  const ema = new EMA(all, { decay: DECAY });
  optimizer.follow(clock, lr, STEPS);
  ema.follow(clock, STEPS);
  const step = compile(stepOf(all, ema, optimizer, clock));
  await step.run(STEPS);
  device.check();
  const averages = await ema.stateDict();
  return { all, ema, averages, step };
}

Deno.test("an EMA is the average of its definition, recorded as eager", async () => {
  const { averages, step } = await train(compileStep);
  assertAllClose(averages.get("a")!.values, definition([1, -2, 3], STEPS, DECAY));
  assertAllClose(averages.get("b")!.values, definition([0.5, 4, 0, -1], STEPS, DECAY));
  assert.deepEqual([...averages.get("running")!.values], [7]);
  const eager = await train(eagerStep);
  assert.deepEqual(eager.averages, averages);
  step.dispose();
});

Deno.test("during() shows the averages and puts the weights back", async () => {
  const { all, ema, averages } = await train(compileStep);
  const before = await all.get("b")!.read();
  const seen = await ema.during(() => all.get("b")!.read());
  assert.deepEqual(seen, averages.get("b"));
  assert.deepEqual(await all.get("b")!.read(), before);
  await assert.rejects(ema.during(() => Promise.reject(new Error("broken"))), /broken/);
  assert.deepEqual(await all.get("b")!.read(), before);
  assert.deepEqual([...(await all.get("running")!.read()).values], [7]);
});

Deno.test("an EMA goes on from its saved state", async () => {
  await openDevice();
  const all = parameters();
  const ema = new EMA(all, { decay: DECAY });
  ema.loadStateDict(
    new Map([
      ["a", { shape: [3], values: Float32Array.of(0, 0, 0) }],
      ["b", { shape: [2, 2], values: Float32Array.of(1, 1, 1, 1) }],
      ["running", { shape: [1], values: Float32Array.of(6) }],
    ]),
    5,
  );
  ema.update();
  const rate = 1 - Math.min(DECAY, 7 / 16);
  const { values } = (await ema.stateDict()).get("a")!;
  assertAllClose(values, [rate, -2 * rate, 3 * rate]);
  assertAllClose((await ema.stateDict()).get("running")!.values, [6 + rate]);
  assert.throws(() => ema.loadStateDict(new Map(), 0), CheckpointError);
});

Deno.test("an EMA refuses a decay out of range, and to be recorded without a clock", async () => {
  await openDevice();
  assert.throws(() => new EMA(parameters(), { decay: 1 }), RangeError);
  const ema = new EMA(parameters());
  const step = compileStep(() => {
    ema.update();
    return tf.scalar(0);
  });
  await assert.rejects(step.run(1), RecordingError);
});
