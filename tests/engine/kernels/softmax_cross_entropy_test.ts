import { tf } from "../../../lib/deps.ts";
import { crossEntropy } from "../../../lib/nn/loss.ts";
import { Random } from "../../../lib/random.ts";
import type { Scalar, Tensor } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";

interface Case {
  readonly rows: number;
  readonly classes: number;
  readonly labelSmoothing: number;
  readonly logits: Float32Array;
  readonly labels: Int32Array;
}

function makeCase(rows: number, classes: number, labelSmoothing: number, scale: number): Case {
  const random = new Random(1, "case", rows, classes);
  const logits = new Float32Array(rows * classes);
  random.fillUniform(logits, -scale, scale);
  const labels = Int32Array.from({ length: rows }, () => random.int(classes));
  return { rows, classes, labelSmoothing, logits, labels };
}

/** The loss and its gradient in float64, straight from the definition. */
function definition(c: Case): { loss: number; gradient: Float64Array } {
  const gradient = new Float64Array(c.logits.length);
  let loss = 0;
  for (let row = 0; row < c.rows; row++) {
    const x = [...c.logits.subarray(row * c.classes, (row + 1) * c.classes)];
    const largest = Math.max(...x);
    const exponentials = x.map((value) => Math.exp(value - largest));
    const sum = exponentials.reduce((a, b) => a + b);
    for (let k = 0; k < c.classes; k++) {
      const own = k === c.labels[row] ? 1 - c.labelSmoothing : 0;
      const target = own + c.labelSmoothing / c.classes;
      // What has no probability to be wrong about adds nothing, whatever its logit.
      if (target > 0) loss -= target * (x[k]! - largest - Math.log(sum)) / c.rows;
      gradient[row * c.classes + k] = (exponentials[k]! / sum - target) / c.rows;
    }
  }
  return { loss, gradient };
}

/** Three times the loss, so that a gradient which forgets what follows the loss is found out. */
function ours(c: Case): Promise<Computed> {
  return compute(() => {
    const labels = tf.tensor1d(c.labels, "int32");
    const { labelSmoothing } = c;
    const { value, grad } = tf.valueAndGrad((x: Tensor) =>
      tf.mul(crossEntropy(x, labels, { labelSmoothing }), 3)
    )(tf.tensor(c.logits, [c.rows, c.classes]));
    return [value, grad];
  });
}

async function check(c: Case): Promise<void> {
  const { values: [loss, gradient], shapes } = await ours(c);
  const expected = definition(c);
  assert.deepEqual(shapes, [[], [c.rows, c.classes]]);
  assertAllClose(loss!, [3 * expected.loss], { rtol: 2e-6, atol: 1e-6 });
  assertAllClose(gradient!, expected.gradient.map((g) => 3 * g), { rtol: 1e-5, atol: 2e-7 });
}

Deno.test("the cross-entropy of a softmax and its gradient equal their definition", async (t) => {
  const sizes = [[1, 1], [1, 10], [7, 3], [8, 10], [63, 10], [64, 2], [65, 17], [300, 5], [
    2,
    1000,
  ]];
  for (const [rows, classes] of sizes as [number, number][]) {
    for (const labelSmoothing of [0, 0.1, 0.9]) {
      await t.step(`${rows}x${classes}, label smoothing ${labelSmoothing}`, async () => {
        await check(makeCase(rows, classes, labelSmoothing, 4));
      });
    }
  }
  for (const labelSmoothing of [0, 0.1]) {
    await t.step(`logits to ±200, label smoothing ${labelSmoothing}`, async () => {
      await check(makeCase(33, 10, labelSmoothing, 200));
    });
  }
});

Deno.test("the cross-entropy of a softmax equals a plain composition and its tape", async () => {
  const c = makeCase(37, 11, 0.2, 8);
  const { values } = await ours(c);
  const plain = await compute(() => {
    const x = tf.tensor2d(c.logits, [c.rows, c.classes]);
    const own = tf.oneHot(tf.tensor1d(c.labels, "int32"), c.classes, 0.8, 0, "float32");
    const target = tf.add(own, 0.2 / c.classes);
    const { value, grad } = tf.valueAndGrad((x: Tensor) =>
      tf.mul(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(x)), 1)), -3) as Scalar
    )(x);
    return [value, grad];
  });
  assertAllClose(values[0]!, plain.values[0]!, { rtol: 2e-6 });
  assertAllClose(values[1]!, plain.values[1]!, { rtol: 1e-5, atol: 1e-6 });
});

Deno.test("the cross-entropy of a softmax can be differentiated twice", async () => {
  const c = makeCase(3, 4, 0, 2);
  const { values: [ours] } = await compute(() => {
    const labels = tf.tensor1d(c.labels, "int32");
    const slope = (x: Tensor) => tf.grad((x: Tensor) => crossEntropy(x, labels))(x);
    return [
      tf.grad((x: Tensor) => tf.sum(tf.square(slope(x))))(tf.tensor(c.logits, [c.rows, c.classes])),
    ];
  });
  // d/dx Σ g² by central differences of the float64 definition.
  const squares = (logits: ArrayLike<number>) =>
    definition({ ...c, logits: logits as Float32Array }).gradient.reduce((s, g) => s + g * g, 0);
  const expected = Array.from(c.logits, (_, i) => {
    const at = (step: number) => {
      const moved = Float64Array.from(c.logits);
      moved[i]! += step;
      return squares(moved as unknown as Float32Array);
    };
    return (at(1e-4) - at(-1e-4)) / 2e-4;
  });
  assertAllClose(ours!, expected, { rtol: 1e-3, atol: 1e-5 });
});

Deno.test("the cross-entropy of a softmax keeps NaN, and to its own row", async () => {
  for (const labelSmoothing of [0, 0.1]) {
    const c = makeCase(9, 10, labelSmoothing, 3);
    c.logits[4 * 10 + 7] = NaN;
    const { values: [loss, gradient] } = await ours(c);
    assert.ok(Number.isNaN(loss![0]));
    gradient!.forEach((g, i) => assert.equal(Number.isNaN(g), Math.floor(i / 10) === 4, `${i}`));
  }
});

Deno.test("the cross-entropy of a softmax leaves out a class at minus infinity", async () => {
  const c = makeCase(5, 6, 0, 3);
  c.logits[2 * 6 + (c.labels[2]! + 1) % 6] = -Infinity;
  await check(c);
});

Deno.test("the cross-entropy of a softmax is NaN where a label is no class", async () => {
  for (const label of [-1, 10]) {
    const c = makeCase(9, 10, 0, 3);
    c.labels[8] = label;
    assert.ok(Number.isNaN((await ours(c)).values[0]![0]));
  }
});

Deno.test("the cross-entropy of a softmax gives the same bits each time", async () => {
  const c = makeCase(150, 10, 0.1, 5);
  const first = await ours(c);
  for (let i = 0; i < 3; i++) assert.deepEqual((await ours(c)).values, first.values);
});
