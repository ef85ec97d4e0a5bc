import { openDevice } from "../../../lib/device.ts";
import { countCalls } from "../../../lib/bench/counts.ts";
import { tf } from "../../../lib/deps.ts";
import { flush } from "../../../lib/engine/backend.ts";
import { batchNorm } from "../../../lib/engine/kernels/batch_norm.ts";
import { gatedResidual } from "../../../lib/engine/kernels/gated_residual.ts";
import { groupNorm } from "../../../lib/engine/kernels/group_norm.ts";
import { layerNorm, modulatedLayerNorm } from "../../../lib/engine/kernels/layer_norm.ts";
import type { Tensor, Tensor4D } from "../../../lib/tensor.ts";
import { assert } from "../../deps.ts";

await openDevice();

/** Dispatches of a function, and of it and all of its gradients. */
async function count(fn: (...inputs: Tensor[]) => Tensor, shapes: number[][]) {
  const inputs = shapes.map((shape) => tf.ones(shape));
  const dy = tf.ones(shapes[0]!);
  const dispatches = async (work: () => unknown) => {
    flush();
    const { dispatches } = await countCalls(() => {
      tf.tidy(() => void work());
      flush();
    });
    return dispatches;
  };
  const forward = await dispatches(() => fn(...inputs));
  const both = await dispatches(() => tf.grads(fn)(inputs, dy));
  return { forward, backward: both - forward };
}

const few = { forward: 1, backward: 1 };
const sliced = { forward: 1, backward: 2 };

Deno.test("a layer norm takes one dispatch forward and one or two backward", async () => {
  const norm = (x: Tensor, weight?: Tensor, bias?: Tensor) => layerNorm(x, weight, bias);
  assert.deepEqual(await count(norm, [[64, 50, 16], [16], [16]]), sliced);
  assert.deepEqual(await count(norm, [[128, 1000], [1000], [1000]]), few);
  assert.deepEqual(await count(norm, [[64, 50, 16]]), few);
  const modulated = (x: Tensor, shift: Tensor, scale: Tensor) =>
    modulatedLayerNorm(x, shift, scale);
  assert.deepEqual(await count(modulated, [[4, 49, 8], [4, 8], [4, 8]]), few);
  assert.deepEqual(await count(gatedResidual, [[4, 49, 8], [4, 8], [4, 49, 8]]), few);
});

Deno.test("a group norm takes one dispatch forward and two backward", async () => {
  const norm = (x: Tensor, weight: Tensor, bias: Tensor) =>
    groupNorm(x as Tensor4D, weight, bias, 2) as Tensor;
  assert.deepEqual(await count(norm, [[4, 7, 7, 8], [8], [8]]), sliced);
});

Deno.test("a batch norm takes two dispatches forward and two backward", async () => {
  const [runningMean, runningVar, batches] = [tf.zeros([8]), tf.ones([8]), tf.zeros([1])];
  const norm = (x: Tensor, weight: Tensor, bias: Tensor) =>
    batchNorm(x, { weight, bias, runningMean, runningVar, batches }, {
      eps: 1e-5,
      momentum: 0.1,
      activation: "relu",
    });
  assert.deepEqual(await count(norm, [[4, 28, 28, 8], [8], [8]]), { forward: 2, backward: 2 });
});
