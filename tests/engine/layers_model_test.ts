import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { Parameter } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

type Compile = (step: () => Scalar) => CompiledStep;

async function losses(compile: Compile, makeStep: () => () => Scalar): Promise<Float32Array> {
  const device = await openDevice();
  const step = compile(makeStep());
  const values = await step.run(20);
  device.check();
  step.dispose();
  return values;
}

// Its loss is full of numbers that become tensors, are freed, and must be there at every replay.
Deno.test("a tf.layers model learns the same recorded and eager", async () => {
  await openDevice();
  const x = tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]);
  const y = tf.tensor2d([[0], [1], [1], [0]]);
  const step = () => {
    const kernelInitializer = () => tf.initializers.glorotUniform({ seed: 1 });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 16,
          activation: "tanh",
          inputShape: [2],
          kernelInitializer: kernelInitializer(),
        }),
        tf.layers.dense({ units: 1, kernelInitializer: kernelInitializer() }),
      ],
    });
    const parameters = model.trainableWeights.map((w): [string, Parameter] => [
      w.name,
      new Parameter(w.read() as tf.Variable, w.shape as number[]),
    ]);
    const optimizer = new Adam(parameters, { lr: 0.05 });
    const clock = new Clock();
    optimizer.follow(clock, () => 0.05, 20);
    const loss = () => tf.losses.sigmoidCrossEntropy(y, model.apply(x) as tf.Tensor) as Scalar;
    return () => {
      const { value, grads } = tf.variableGrads(loss, optimizer.variables);
      optimizer.step(grads);
      clock.advance();
      return value;
    };
  };
  const replayed = await losses(compileStep, step);
  assert.deepEqual(replayed, await losses(eagerStep, step));
  assert.ok(replayed.at(-1)! < replayed[0]!);
});
