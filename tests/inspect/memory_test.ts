import { tf, WebGPUBackend } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { bufferOf, flush } from "../../lib/engine/backend.ts";
import { inspectPreset } from "../../lib/inspect/presets.ts";
import { models } from "../../lib/models/registry.ts";
import { Context } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

Deno.test("inspectPreset() counts the activations that buffers on the device hold", async () => {
  const device = await openDevice();
  const { bufferManager } = tf.backend() as WebGPUBackend;
  const shape = { height: 28, width: 28, channels: 1, classes: 10 };
  for (const name of ["lenet5", "resnet", "gru", "vit"] as const) {
    const network = models[name].build(shape, new Random(1, "init"));
    const parameters = [...network.namedParameters()].map(([, parameter]) => parameter);
    for (const { variable } of parameters) bufferOf(variable);
    flush();
    const before = bufferManager.numBytesUsed;
    let bytes = 0;
    tf.tidy(() =>
      void tf.variableGrads(
        () => {
          const y = network.forward(tf.zeros([3, 28, 28, 1]), Context.training(0, 0));
          flush(); // frees what is not needed any more
          bytes = bufferManager.numBytesUsed - before;
          return tf.mean(y) as Scalar;
        },
        parameters.filter(({ trainable }) => trainable).map(({ variable }) => variable),
      )
    );
    flush();
    network.dispose();
    assert.equal(inspectPreset(name, shape, { batchSize: 3 }).memory.activations, bytes, name);
  }
  device.check();
});
