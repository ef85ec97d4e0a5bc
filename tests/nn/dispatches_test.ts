import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { compileStep } from "../../lib/engine/step.ts";
import { CNN } from "../../lib/models/cnn.ts";
import { MLP } from "../../lib/models/mlp.ts";
import { crossEntropy } from "../../lib/nn/loss.ts";
import { Context } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import { assert } from "../deps.ts";

/** What a step does beside the passes: it appends its loss to the ring, and advances the clock. */
const BESIDE = 2;

Deno.test("a forward and a backward pass take few dispatches", async (t) => {
  await openDevice();
  const networks = {
    // Three layers, dropout and loss, each once forward and once backward.
    mlp: [MLP, 10],
    // A large layer takes three backward, a convolution one to three.
    cnn: [CNN, 20],
  } as const;
  for (const [name, [Network, expected]] of Object.entries(networks)) {
    await t.step(name, async () => {
      const shape = { height: 8, width: 8, channels: 1, classes: 10 };
      const network = new Network(shape, new Random(1));
      const variables = [...network.namedParameters()].map(([, { variable }]) => variable);
      const clock = new Clock();
      const images = tf.zeros([64, 8, 8, 1]);
      const labels = tf.zeros([64], "int32") as tf.Tensor1D;
      const step = compileStep(() => {
        const context = Context.training(1, clock.step);
        const loss = () => crossEntropy(network.forward(images, context), labels);
        const { value } = tf.variableGrads(loss, variables);
        clock.advance();
        return value;
      });
      await step.run(2);
      assert.equal(step.stats!.dispatches, expected + BESIDE);
      step.dispose();
    });
  }
});
