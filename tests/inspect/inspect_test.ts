import { tf } from "../../lib/deps.ts";
import { inspectNetwork } from "../../lib/inspect/inspect.ts";
import { Dropout } from "../../lib/nn/dropout.ts";
import { Linear } from "../../lib/nn/linear.ts";
import { type Context, Module, Parameter } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";

const random = new Random(1, "init");

/** Applies one layer twice, multiplies on its own, and never calls another layer. */
class Odd extends Module {
  readonly twice = new Linear(6, 6, { random });
  readonly never = new Linear(6, 2, { random });
  readonly scale = new Parameter(new Float32Array(6), [1, 6], undefined, false);
  readonly weight = new Parameter(new Float32Array(6 * 3), [6, 3]);
  readonly dropout = new Dropout(0.5);

  forward(x: Tensor, context: Context): Tensor {
    const h = this.twice.forward(this.twice.forward(tf.mul(x, this.scale.variable)));
    return this.dropout.forward(tf.matMul(h, this.weight.variable), context);
  }
}

const inspectOdd = () =>
  inspectNetwork(
    () => new Odd(),
    (network, count, context) => network.forward(tf.zeros([count, 6]), context),
    { batchSize: 3 },
  );

Deno.test("inspectNetwork() puts work down to the module that does it", () => {
  const { flops, layers, parameters, frozen } = inspectOdd();
  assert.deepEqual(
    layers.map(({ path, output, flops }) => [path, output, flops]),
    [
      ["twice", [6], 2 * 2 * 36],
      ["never", null, 0],
      ["scale", [6], 0],
      ["weight", [6, 3], 0],
      ["dropout", [3], 0],
    ],
  );
  assert.equal(flops, 2 * 2 * 36 + 2 * 18);
  assert.deepEqual([parameters, frozen], [42 + 14 + 6 + 18, 6]);
});

Deno.test("inspectNetwork() leaves the modules and tfjs's memory as they were", () => {
  let network: Odd | undefined;
  const { numTensors } = tf.engine().state;
  inspectNetwork(
    () => network = new Odd(),
    (odd, count, context) => odd.forward(tf.zeros([count, 6]), context),
  );
  assert.equal(tf.engine().state.numTensors, numTensors);
  assert.ok(!Object.hasOwn(network!, "forward") && !Object.hasOwn(network!.twice, "forward"));
});

Deno.test("inspectNetwork() passes on what a pass throws, and takes its covers off", () => {
  let network: Odd | undefined;
  const inspect = () =>
    inspectNetwork(
      () => network = new Odd(),
      (odd, count, context) => odd.forward(tf.zeros([count, 5]), context),
    );
  assert.throws(inspect, /./);
  assert.ok(!Object.hasOwn(network!, "forward"));
  assert.equal(tf.findBackend("shapes"), null);
});
