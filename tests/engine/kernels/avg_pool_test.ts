import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { avgPoolGradKernel, avgPoolKernel } from "../../../lib/engine/kernels/avg_pool.ts";
import { Random } from "../../../lib/random.ts";
import type { Tensor, Tensor4D } from "../../../lib/tensor.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed } from "../poisoned.ts";

await openDevice();
for (
  const [name, make] of [["AvgPool", avgPoolKernel], ["AvgPoolGrad", avgPoolGradKernel]] as const
) {
  const before = tf.getKernel(name, "webgpu");
  tf.unregisterKernel(name, "webgpu");
  tf.registerKernel(make(before));
}

/** Pairs are (height, width). */
interface Case {
  readonly batch: number;
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly filter: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Before and behind, along each axis. */
  readonly pad?: readonly [readonly [number, number], readonly [number, number]];
}

const PLAIN: Case = { batch: 2, size: [6, 8], channels: 3, filter: [2, 2], stride: [2, 2] };

const CASES: Record<string, Case> = {
  "2x2 windows": PLAIN,
  "2x2 windows, 4 channels": { ...PLAIN, channels: 4 },
  "2x2 windows that leave a row and a column over": { ...PLAIN, size: [7, 9] },
  "the same, 8 channels": { ...PLAIN, size: [7, 9], channels: 8 },
  "one image, one channel, one window": { ...PLAIN, batch: 1, size: [2, 2], channels: 1 },
  "all of the image": { ...PLAIN, size: [7, 7], filter: [7, 7], stride: [7, 7], channels: 12 },
  "3x2 windows": { ...PLAIN, filter: [3, 2], stride: [3, 2], size: [8, 7] },
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
  "LeNet-5's": { ...PLAIN, size: [24, 24], channels: 6, batch: 1 },
};

const outputSize = (c: Case) =>
  ([0, 1] as const).map((axis) => {
    const [before, behind] = c.pad?.[axis] ?? [0, 0];
    return Math.floor((c.size[axis] + before + behind - c.filter[axis]) / c.stride[axis]) + 1;
  }) as [number, number];

/** Only pixels of the image count. */
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
    const window: number[] = [];
    for (let h = Math.max(0, top); h < Math.min(H, top + c.filter[0]); h++) {
      for (let w = Math.max(0, left); w < Math.min(W, left + c.filter[1]); w++) {
        window.push(((image * H + h) * W + w) * c.channels + channel);
      }
    }
    for (const at of window) {
      y[o]! += x[at]! / window.length;
      dx[at]! += dy[o]! / window.length;
    }
  }
  return { y, dx };
}

const shapeOf = (c: Case) => [c.batch, ...c.size, c.channels] as [number, number, number, number];

interface Inputs {
  readonly x: Float32Array;
  readonly dy: Float32Array;
}

function inputsOf(c: Case, random: Random): Inputs {
  const [OH, OW] = outputSize(c);
  const x = new Float32Array(c.batch * c.size[0] * c.size[1] * c.channels);
  const dy = new Float32Array(c.batch * OH * OW * c.channels);
  random.fillUniform(x, -1, 1);
  random.fillUniform(dy, -1, 1);
  return { x, dy };
}

function ours(c: Case, { x, dy }: Inputs): Promise<Computed> {
  const pad = c.pad
    ? [[0, 0], c.pad[0], c.pad[1], [0, 0]] as unknown as tf.AvgPoolAttrs["pad"]
    : "valid";
  const pool = (x: Tensor) =>
    tf.avgPool(x as Tensor4D, [...c.filter], [...c.stride], pad as "valid");
  return compute(() => {
    const input = tf.tensor(x, shapeOf(c));
    const gradient = tf.grad(pool)(input, tf.tensor(dy, [c.batch, ...outputSize(c), c.channels]));
    return [pool(input), gradient];
  });
}

async function check(c: Case, inputs: Inputs): Promise<void> {
  const { values: [y, dx], shapes, programs } = await ours(c, inputs);
  const expected = definition(c, inputs.x, inputs.dy);
  assert.deepEqual(shapes, [[c.batch, ...outputSize(c), c.channels], shapeOf(c)]);
  assertAllClose(y!, expected.y, { rtol: 1e-6, atol: 1e-6 });
  assertAllClose(dx!, expected.dx, { rtol: 1e-6, atol: 1e-6 });
  assert.ok(!programs.some((key) => /pool/i.test(key)), `the stock kernel ran: ${programs}`);
}

Deno.test("average pooling and its gradient equal their definition", async (t) => {
  for (const [name, c] of Object.entries(CASES)) {
    await t.step(name, () => check(c, inputsOf(c, new Random(1, name))));
  }
});

Deno.test("average pooling equals its definition on random shapes", async () => {
  const random = new Random(3, "shapes");
  for (let i = 0; i < 12; i++) {
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

Deno.test("average pooling keeps NaN and infinities in their windows", async () => {
  for (const name of ["2x2 windows", "2x2 windows, 4 channels", "windows that overlap"]) {
    const c = CASES[name]!;
    const inputs = inputsOf(c, new Random(4));
    inputs.x[0] = NaN;
    inputs.x[20 * c.channels] = -Infinity;
    inputs.dy[1] = NaN;
    inputs.dy[5 * c.channels] = Infinity;
    await check(c, inputs);
  }
});

Deno.test("average pooling computes what its parts compute", async () => {
  const c: Case = { ...PLAIN, size: [6, 6], channels: 4 };
  const inputs = inputsOf(c, new Random(5));
  const { values: [y, dx] } = await ours(c, inputs);
  const plain = await compute(() => {
    const pool = (x: Tensor) => tf.mean(tf.reshape(x, [2, 3, 2, 3, 2, 4]), [2, 4]);
    const x = tf.tensor(inputs.x, shapeOf(c));
    return [pool(x), tf.grad(pool)(x, tf.tensor(inputs.dy, [2, 3, 3, 4]))];
  });
  assertAllClose(y!, plain.values[0]!, { rtol: 1e-6, atol: 1e-6 });
  assertAllClose(dx!, plain.values[1]!, { rtol: 1e-6, atol: 1e-6 });
});

Deno.test("average pooling covers more elements than a device dispatches along one axis", async () => {
  const count = 65_536 * 64 + 3;
  const { values: [y, dx] } = await compute(() => {
    const x = tf.reshape(tf.range(0, count), [1, 1, count, 1]) as Tensor4D;
    const pool = (x: Tensor) => tf.avgPool(x as Tensor4D, [1, 1], 1, "valid");
    return [pool(x), tf.grad(pool)(x, x)];
  });
  assert.equal(y!.length, count);
  assert.ok(y!.every((value, i) => value === i));
  assert.ok(dx!.every((value, i) => value === i));
});
