import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { crossEntropy, l1Loss, mseLoss } from "../../lib/nn/loss.ts";
import type { Scalar, Tensor } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import fixture from "../fixtures/nn_losses.json" with { type: "json" };

interface LossCase {
  readonly loss: string;
  readonly options: { readonly label_smoothing?: number };
  readonly input: HashTensor;
  readonly target: HashTensor | readonly number[];
  readonly value: number;
  readonly gradient: readonly number[];
}

const cases = fixture as unknown as LossCase[];
const toTensor = (hash: HashTensor) => tf.tensor(hashTensor(hash), [...hash.shape]);

async function check(c: LossCase, loss: (x: Tensor) => Scalar): Promise<void> {
  const device = await openDevice();
  const x = tf.tidy(() => tf.variable(toTensor(c.input)));
  // Three times the loss, so that a gradient which forgets what follows the loss is found out.
  const { value, grads } = tf.tidy(() => tf.variableGrads(() => tf.mul(loss(x), 3), [x]));
  assertAllClose(await value.data(), [3 * c.value], { rtol: 1e-6, atol: 0 });
  // A logit near 200 is rounded to 1.5e-5, and so is the exponent of its probability.
  assertAllClose(await grads[x.name]!.data(), c.gradient.map((g) => 3 * g), {
    rtol: 1e-4,
    atol: 1e-7,
  });
  device.check();
  tf.dispose([x, value, grads]);
}

Deno.test("crossEntropy() gives PyTorch's loss and gradient", async (t) => {
  await openDevice();
  const own = cases.filter(({ loss }) => loss === "cross_entropy");
  assert.deepEqual(own.map(({ input }) => input.scale), [3, 200, 3, 200]);
  for (const c of own) {
    const labelSmoothing = c.options.label_smoothing!;
    await t.step(`label smoothing ${labelSmoothing}, logits to ±${c.input.scale}`, async () => {
      const labels = tf.tensor1d(c.target as number[], "int32");
      await check(c, (x) => crossEntropy(x, labels, { labelSmoothing }));
    });
  }
});

Deno.test("crossEntropy() stays finite where a class is out of the question", async () => {
  const device = await openDevice();
  const logits = tf.tensor2d([[200, -200, 0], [-200, 200, 200]]);
  const labels = tf.tensor1d([1, 2], "int32");
  const { value, grad } = tf.valueAndGrad((x) => crossEntropy(x, labels))(logits);
  assertAllClose(await value.data(), [(400 + Math.log(2)) / 2], { rtol: 1e-6 });
  assertAllClose(await grad.data(), [0.5, -0.5, 0, 0, 0.25, -0.25], { rtol: 1e-5, atol: 1e-7 });
  device.check();
});

Deno.test("mseLoss() and l1Loss() give PyTorch's loss and gradient", async () => {
  await openDevice();
  for (const [name, loss] of [["mse", mseLoss], ["l1", l1Loss]] as const) {
    const own = cases.filter((c) => c.loss === name);
    assert.equal(own.length, 1);
    const target = toTensor(own[0]!.target as HashTensor);
    await check(own[0]!, (x) => loss(x, target));
  }
});
