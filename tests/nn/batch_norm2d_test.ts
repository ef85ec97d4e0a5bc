import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { BatchNorm2d } from "../../lib/nn/batch_norm2d.ts";
import { Context, type StateDict } from "../../lib/nn/module.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import type { Scalar, Tensor, Variable } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import layers from "../fixtures/nn_layers.json" with { type: "json" };
import fixture from "../fixtures/nn_norms.json" with { type: "json" };
import { fromTorch, hashState, toTorch } from "./reference.ts";

await openDevice();

const image = (described: HashTensor): Tensor => fromTorch(hashTensor(described), described.shape);

/** A state dict with the case's weights and a fresh layer's buffers. */
async function withWeights(
  layer: BatchNorm2d,
  parameters: Readonly<Record<string, HashTensor>>,
): Promise<StateDict> {
  return new Map([...await layer.stateDict(), ...hashState(parameters)]);
}

const training = () => Context.training(1, 0);

Deno.test("BatchNorm2d gives PyTorch's output, gradients and running statistics", async () => {
  const device = await openDevice();
  const { options, parameters, steps, evaluation } = layers.batchNorm2d;
  const { channels, ...rest } = options;
  const layer = new BatchNorm2d(channels, rest);
  layer.loadStateDict(await withWeights(layer, parameters));
  const tolerance = { rtol: 1e-5, atol: 1e-5 };
  for (const step of steps) {
    const x = tf.tidy(() => tf.variable(image(step.input)));
    const dy = image(step.outputGradient);
    const variables: Variable[] = [x, layer.weight.variable, layer.bias.variable];
    // One pass only: each moves the running statistics.
    let output: Tensor | undefined;
    const { grads } = tf.variableGrads(() => {
      output = tf.keep(layer.forward(x, training()));
      return tf.sum(tf.mul(output, dy)) as Scalar;
    }, variables);
    assertAllClose(await toTorch(output!), step.output, tolerance);
    const { input, weight, bias } = step.gradients;
    assertAllClose(await toTorch(grads[x.name]!), input, tolerance);
    assertAllClose(await grads[layer.weight.variable.name]!.data(), weight, tolerance);
    assertAllClose(await grads[layer.bias.variable.name]!.data(), bias, tolerance);
    assertAllClose(await layer.running_mean.variable.data(), step.running_mean, tolerance);
    assertAllClose(await layer.running_var.variable.data(), step.running_var, tolerance);
  }
  assert.deepEqual([...await layer.num_batches_tracked.variable.data()], [steps.length]);
  const output = layer.forward(image(evaluation.input), new Context());
  assertAllClose(await toTorch(output), evaluation.output, tolerance);
  assert.deepEqual([...await layer.num_batches_tracked.variable.data()], [steps.length]);
  device.check();
});

Deno.test("BatchNorm2d trained by SGD ends where PyTorch does, with a ReLU too", async () => {
  const device = await openDevice();
  for (const { options, parameters, steps, state, evaluation } of fixture.batchNorm2d) {
    const { channels, momentum, eps, relu, lr } = options;
    const layer = new BatchNorm2d(channels, {
      momentum,
      eps,
      activation: relu ? "relu" : "linear",
    });
    layer.loadStateDict(await withWeights(layer, parameters));
    const optimizer = new SGD(layer.namedParameters(), { lr });
    for (const { input, outputGradient, loss } of steps) {
      const { value, grads } = tf.variableGrads(() => {
        const y = layer.forward(image(input), training());
        return tf.sum(tf.mul(y, image(outputGradient))) as Scalar;
      }, [layer.weight.variable, layer.bias.variable]);
      optimizer.step(grads);
      assertAllClose(await value.data(), [loss], { rtol: 1e-5, atol: 1e-4 });
    }
    const own = await layer.stateDict();
    assert.deepEqual([...own.keys()], Object.keys(state));
    for (const [name, values] of Object.entries(state)) {
      assertAllClose(own.get(name)!.values, values, { rtol: 1e-5, atol: 1e-5 });
    }
    const output = layer.forward(image(evaluation.input), new Context());
    assertAllClose(await toTorch(output), evaluation.output, { rtol: 1e-5, atol: 1e-5 });
  }
  device.check();
});

/** Twelve steps on one batch; the losses and what the layer has then. */
async function train(compile: (step: () => Scalar) => CompiledStep) {
  const device = await openDevice();
  const layer = new BatchNorm2d(8, { activation: "relu" });
  const clock = new Clock();
  const optimizer = new SGD(layer.namedParameters(), { lr: 0.01 });
  optimizer.follow(clock, () => 0.5, 12);
  const x = image({ shape: [6, 8, 5, 5], seed: 1, scale: 2 });
  const target = image({ shape: [6, 8, 5, 5], seed: 2, scale: 1 });
  const step = compile(() => {
    const loss = () => {
      const y = layer.forward(x, training());
      return tf.mean(tf.square(tf.sub(y, target))) as Scalar;
    };
    const { value, grads } = tf.variableGrads(loss, [layer.weight.variable, layer.bias.variable]);
    optimizer.step(grads);
    clock.advance();
    return value;
  });
  const losses = [...await step.run(5)];
  // Read in between: what tfjs has read, it would give again if it were not told of the update.
  await layer.stateDict();
  losses.push(...await step.run(7));
  const state = await layer.stateDict();
  device.check();
  step.dispose();
  return { losses, state };
}

Deno.test("BatchNorm2d gives the same bits in a replayed step as in an eager one", async () => {
  const eager = await train(eagerStep);
  const replayed = await train(compileStep);
  assert.equal(new Set(eager.losses).size, 12);
  assert.deepEqual(replayed.losses, eager.losses);
  for (const [name, { values }] of eager.state) {
    assertAllClose(replayed.state.get(name)!.values, values, { rtol: 0, atol: 0 });
  }
  assert.deepEqual([...eager.state.get("num_batches_tracked")!.values], [12]);
  assert.ok(eager.state.get("running_mean")!.values.every((value) => value !== 0));
});

Deno.test("BatchNorm2d trains its weights and not its buffers", async () => {
  await openDevice();
  const layer = new BatchNorm2d(5);
  assert.equal(layer.parameterCount, 10);
  assert.throws(() => new BatchNorm2d(5, { momentum: 1.5 }), {
    name: "RangeError",
    message: "Cannot keep running statistics: momentum must be in [0, 1], got 1.5",
  });
});
