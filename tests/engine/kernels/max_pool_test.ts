import { tf } from "../../../lib/deps.ts";
import { reluMaxPool2d } from "../../../lib/nn/functional.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor, Tensor4D } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";

/** Pairs are (height, width). */
interface Case {
  readonly batch: number;
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly filter: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Before and behind, along each axis. */
  readonly pad?: readonly [readonly [number, number], readonly [number, number]];
  readonly relu?: boolean;
}

const PLAIN: Case = { batch: 2, size: [6, 8], channels: 3, filter: [2, 2], stride: [2, 2] };

const CASES: Record<string, Case> = {
  "2x2 windows": PLAIN,
  "2x2 windows, 4 channels": { ...PLAIN, channels: 4 },
  "2x2 windows that leave a row and a column over": { ...PLAIN, size: [7, 9] },
  "the same, 8 channels": { ...PLAIN, size: [7, 9], channels: 8 },
  "one image, one channel, one window": { ...PLAIN, batch: 1, size: [2, 2], channels: 1 },
  "3x2 windows": { ...PLAIN, filter: [3, 2], stride: [3, 2], size: [8, 7] },
  "5x5 windows": { ...PLAIN, filter: [5, 5], stride: [5, 5], size: [11, 10], batch: 1 },
  "1x1 windows": { ...PLAIN, filter: [1, 1], stride: [1, 1] },
  "windows that overlap": { ...PLAIN, filter: [3, 3], stride: [2, 2], size: [9, 8] },
  "windows that overlap, 4 channels": { ...PLAIN, filter: [3, 2], stride: [1, 1], channels: 4 },
  "windows with gaps": { ...PLAIN, stride: [3, 4], size: [9, 13] },
  "padding": { ...PLAIN, pad: [[1, 0], [0, 1]], size: [7, 7] },
  "padding, windows that overlap": {
    ...PLAIN,
    filter: [3, 3],
    stride: [2, 1],
    pad: [[1, 1], [1, 1]],
    channels: 4,
  },
  "the CNN's": { ...PLAIN, size: [28, 28], channels: 32, batch: 1 },
};

const outputSize = (c: Case) =>
  ([0, 1] as const).map((axis) => {
    const [before, behind] = c.pad?.[axis] ?? [0, 0];
    return Math.floor((c.size[axis] + before + behind - c.filter[axis]) / c.stride[axis]) + 1;
  }) as [number, number];

/** As PyTorch's loops: a later value takes the place only if it is larger, or NaN. */
function definition(c: Case, x: ArrayLike<number>, dy: ArrayLike<number>) {
  const [H, W] = c.size;
  const [OH, OW] = outputSize(c);
  const y = new Float64Array(c.batch * OH * OW * c.channels);
  const dx = new Float64Array(x.length);
  for (let o = 0; o < y.length; o++) {
    const channel = o % c.channels;
    const top = Math.floor(o / (c.channels * OW)) % OH * c.stride[0] - (c.pad?.[0][0] ?? 0);
    const left = Math.floor(o / c.channels) % OW * c.stride[1] - (c.pad?.[1][0] ?? 0);
    const image = Math.floor(o / (c.channels * OW * OH));
    let place = -1;
    for (let h = Math.max(0, top); h < Math.min(H, top + c.filter[0]); h++) {
      for (let w = Math.max(0, left); w < Math.min(W, left + c.filter[1]); w++) {
        const at = ((image * H + h) * W + w) * c.channels + channel;
        if (place < 0 || x[at]! > x[place]! || Number.isNaN(x[at]!)) place = at;
      }
    }
    const best = x[place]!;
    y[o] = c.relu && best < 0 ? 0 : best;
    if (!(c.relu && best <= 0)) dx[place]! += dy[o]!;
  }
  return { y, dx };
}

const shapeOf = (c: Case) => [c.batch, ...c.size, c.channels] as [number, number, number, number];

function inputsOf(c: Case, random: Random): { x: Float32Array; dy: Float32Array } {
  const [OH, OW] = outputSize(c);
  const x = new Float32Array(c.batch * c.size[0] * c.size[1] * c.channels);
  const dy = new Float32Array(c.batch * OH * OW * c.channels);
  random.fillUniform(dy, -1, 1);
  // Few values, so that there are ties.
  for (let i = 0; i < x.length; i++) x[i] = random.int(5) - 3;
  return { x, dy };
}

function ours(c: Case, { x, dy }: { x: Float32Array; dy: Float32Array }): Promise<Computed> {
  const [OH, OW] = outputSize(c);
  const pad = c.pad
    ? [[0, 0], c.pad[0], c.pad[1], [0, 0]] as unknown as tf.MaxPoolAttrs["pad"]
    : "valid";
  const pool = (x: Tensor) =>
    c.relu
      ? reluMaxPool2d(x, c.filter[0], c.stride[0])
      : tf.maxPool(x as Tensor4D, [...c.filter], [...c.stride], pad as "valid");
  return compute(() => {
    const input = tf.tensor(x, shapeOf(c));
    const gradient = tf.grad(pool)(input, tf.tensor(dy, [c.batch, OH, OW, c.channels]));
    return [pool(input), gradient];
  });
}

/** Both are exact but for the order in which a pixel's few gradients are added. */
async function check(c: Case, inputs: { x: Float32Array; dy: Float32Array }): Promise<void> {
  const { values: [y, dx], shapes, programs } = await ours(c, inputs);
  const expected = definition(c, inputs.x, inputs.dy);
  assert.deepEqual(shapes, [[c.batch, ...outputSize(c), c.channels], shapeOf(c)]);
  assert.deepEqual([...y!], [...expected.y]);
  assertAllClose(dx!, expected.dx, { rtol: 0, atol: 1e-6 });
  assert.ok(!programs.some((key) => /pool/i.test(key)), `the stock kernel ran: ${programs}`);
}

Deno.test("max pooling and its gradient equal their definition", async (t) => {
  for (const [name, c] of Object.entries(CASES)) {
    await t.step(name, () => check(c, inputsOf(c, new Random(1, name))));
  }
});

Deno.test("max pooling with a ReLU and its gradient equal their definition", async (t) => {
  for (const [name, c] of Object.entries(CASES)) {
    // The layer has square windows and no padding.
    if (c.pad || c.filter[0] !== c.filter[1] || c.stride[0] !== c.stride[1]) continue;
    await t.step(name, () => check({ ...c, relu: true }, inputsOf(c, new Random(2, name))));
  }
});

Deno.test("max pooling equals its definition on random shapes", async () => {
  const random = new Random(3, "shapes");
  for (let i = 0; i < 16; i++) {
    const filter = [1 + random.int(4), 1 + random.int(4)] as const;
    const c: Case = {
      batch: 1 + random.int(3),
      size: [filter[0] + random.int(9), filter[1] + random.int(9)],
      channels: 1 + random.int(9),
      filter,
      stride: i % 2 ? filter : [1 + random.int(4), 1 + random.int(4)],
      ...(i % 3 === 2 && {
        pad: [
          [random.int(filter[0]), random.int(filter[0])],
          [random.int(filter[1]), random.int(filter[1])],
        ],
      }),
    };
    try {
      await check(c, inputsOf(c, random));
    } catch (error) {
      throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
    }
  }
});

Deno.test("max pooling keeps NaN and infinities, where the stock kernel loses them", async () => {
  for (const name of ["2x2 windows", "2x2 windows, 4 channels", "windows that overlap"]) {
    for (const relu of [false, true]) {
      const c = { ...CASES[name]!, relu };
      const inputs = inputsOf(c, new Random(4));
      const { x } = inputs;
      x.fill(-Infinity, 0, 4 * c.channels);
      x[20 * c.channels] = NaN;
      x[21 * c.channels] = NaN;
      x[30 * c.channels + 1] = Infinity;
      await check(c, inputs);
      assert.ok(definition(c, x, inputs.dy).y.some(Number.isNaN));
    }
  }
});

Deno.test("reluMaxPool2d() equals pooling after a ReLU and a ReLU after pooling", async () => {
  const random = new Random(5);
  const c: Case = { ...PLAIN, size: [9, 9], channels: 5 };
  const x = new Float32Array(c.batch * 9 * 9 * 5);
  random.fillUniform(x, -1, 0.3);
  const dy = inputsOf(c, random).dy;
  const { values } = await compute(() => {
    const input = tf.tensor4d(x, shapeOf(c));
    const d = tf.tensor(dy, [c.batch, ...outputSize(c), 5]);
    const all = [
      (x: Tensor) => reluMaxPool2d(x, 2),
      (x: Tensor) => tf.maxPool(tf.relu(x as Tensor4D), 2, 2, "valid"),
      (x: Tensor) => tf.relu(tf.maxPool(x as Tensor4D, 2, 2, "valid")),
    ];
    return all.flatMap((pool) => [pool(input), tf.grad(pool)(input, d)]);
  });
  const [y, dx, ...others] = values.map((v) => v.map((value) => value + 0)) as Float32Array[];
  assert.ok(y!.some((value) => value === 0) && y!.some((value) => value > 0));
  assert.deepEqual(others, [y, dx, y, dx]);
});

Deno.test("reluMaxPool2d() refuses a second gradient", async () => {
  await assert.rejects(
    () =>
      compute(() => {
        const slope = (x: Tensor) => tf.grad((x: Tensor) => reluMaxPool2d(x, 2))(x);
        return [tf.grad((x: Tensor) => tf.sum(tf.square(slope(x))))(tf.ones([1, 4, 4, 1]))];
      }),
    /Cannot differentiate max pooling twice/,
  );
});

Deno.test("max pooling covers more elements than a device dispatches along one axis", async () => {
  const count = 65_536 * 64 + 3;
  const { values: [y, dx] } = await compute(() => {
    const x = tf.reshape(tf.range(0, count), [1, 1, count, 1]) as Tensor4D;
    const pool = (x: Tensor) => tf.maxPool(x as Tensor4D, [1, 1], 1, "valid");
    return [pool(x), tf.grad(pool)(x, x)];
  });
  assert.equal(y!.length, count);
  assert.ok(y!.every((value, i) => value === i));
  assert.ok(dx!.every((value, i) => value === i));
});
