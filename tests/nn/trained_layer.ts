/** Training one layer as a fixture did, to PyTorch's weights. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { compileStep } from "../../lib/engine/step.ts";
import { mseLoss } from "../../lib/nn/loss.ts";
import { Context, type Module } from "../../lib/nn/module.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import { fromTorch, hashState } from "./reference.ts";

/** Steps of SGD with momentum on `mse_loss(layer(input), target)`, in PyTorch's layout. */
export interface TrainedCase {
  /** The input. */
  readonly input: HashTensor;
  /** What the layer is to give. */
  readonly target: HashTensor;
  /** Weights by name, before the first step. */
  readonly parameters: Readonly<Record<string, HashTensor>>;
  /** Learning rate. */
  readonly lr: number;
  /** Momentum. */
  readonly momentum: number;
  /** The loss of each step, before its update. */
  readonly losses: readonly number[];
  /** Weights by name, after the last step. */
  readonly state: Readonly<Record<string, readonly number[]>>;
}

/** Trains `layer` in a recorded step and holds its losses and weights to the case's. */
export async function checkTrained(c: TrainedCase, layer: Module): Promise<void> {
  const device = await openDevice();
  layer.loadStateDict(hashState(c.parameters));
  const input = fromTorch(hashTensor(c.input), c.input.shape);
  const target = fromTorch(hashTensor(c.target), c.target.shape);
  const optimizer = new SGD(layer.namedParameters(), { lr: c.lr, momentum: c.momentum });
  const clock = new Clock();
  optimizer.follow(clock, () => c.lr, c.losses.length);
  const step = compileStep(() => {
    const loss = () => mseLoss(layer.forward(input, new Context()), target);
    const { value, grads } = tf.variableGrads(loss, optimizer.variables);
    optimizer.step(grads);
    clock.advance();
    return value;
  });
  assertAllClose(await step.run(c.losses.length), c.losses, { rtol: 1e-5, atol: 0 });
  const state = await layer.stateDict();
  assert.deepEqual([...state.keys()], Object.keys(c.state));
  for (const [name, { values }] of state) {
    assertAllClose(values, c.state[name]!, { rtol: 1e-5, atol: 1e-5 });
  }
  device.check();
  for (const used of [step, clock, optimizer]) used.dispose();
  tf.dispose([input, target]);
}
