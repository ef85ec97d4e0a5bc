import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";

interface Case {
  batch: number;
  size: [height: number, width: number];
  channels: [input: number, output: number];
  filter: [height: number, width: number];
  stride: [number, number];
  pad: number;
}

function outputSize(size: number, filter: number, stride: number, pad: number): number {
  return Math.floor((size + 2 * pad - filter) / stride) + 1;
}

/** The definition, in float64. */
function reference(x: Float32Array, dy: Float32Array, c: Case): Float64Array {
  const [H, W] = c.size;
  const [CI, CO] = c.channels;
  const [KH, KW] = c.filter;
  const OH = outputSize(H, KH, c.stride[0], c.pad);
  const OW = outputSize(W, KW, c.stride[1], c.pad);
  const out = new Float64Array(KH * KW * CI * CO);
  for (let kh = 0; kh < KH; kh++) {
    for (let kw = 0; kw < KW; kw++) {
      for (let ci = 0; ci < CI; ci++) {
        for (let co = 0; co < CO; co++) {
          let sum = 0;
          for (let b = 0; b < c.batch; b++) {
            for (let oh = 0; oh < OH; oh++) {
              for (let ow = 0; ow < OW; ow++) {
                const ih = oh * c.stride[0] + kh - c.pad;
                const iw = ow * c.stride[1] + kw - c.pad;
                if (ih < 0 || ih >= H || iw < 0 || iw >= W) continue;
                sum += x[((b * H + ih) * W + iw) * CI + ci]! *
                  dy[((b * OH + oh) * OW + ow) * CO + co]!;
              }
            }
          }
          out[((kh * KW + kw) * CI + ci) * CO + co] = sum;
        }
      }
    }
  }
  return out;
}

async function gradient(x: Float32Array, dy: Float32Array, c: Case): Promise<Float32Array> {
  const [H, W] = c.size;
  const OH = outputSize(H, c.filter[0], c.stride[0], c.pad);
  const OW = outputSize(W, c.filter[1], c.stride[1], c.pad);
  const result = tf.tidy(() =>
    tf.engine().runKernel("Conv2DBackpropFilter", {
      x: tf.tensor(x, [c.batch, H, W, c.channels[0]]),
      dy: tf.tensor(dy, [c.batch, OH, OW, c.channels[1]]),
    }, {
      strides: c.stride,
      // Padding as one number makes tfjs use the height's filter and stride for the width too.
      pad: [[0, 0], [c.pad, c.pad], [c.pad, c.pad], [0, 0]],
      dataFormat: "NHWC",
      filterShape: [...c.filter, ...c.channels],
    }) as tf.Tensor
  );
  const values = await result.data() as Float32Array;
  result.dispose();
  (await openDevice()).check();
  return values;
}

function inputs(c: Case, random: Random): [Float32Array, Float32Array] {
  const [H, W] = c.size;
  const OH = outputSize(H, c.filter[0], c.stride[0], c.pad);
  const OW = outputSize(W, c.filter[1], c.stride[1], c.pad);
  const x = new Float32Array(c.batch * H * W * c.channels[0]);
  const dy = new Float32Array(c.batch * OH * OW * c.channels[1]);
  random.fillUniform(x, -1, 1);
  random.fillUniform(dy, -1, 1);
  return [x, dy];
}

const NAMED: Record<string, Case> = {
  "the first layer of the CNN": {
    batch: 4,
    size: [28, 28],
    channels: [1, 32],
    filter: [5, 5],
    stride: [1, 1],
    pad: 2,
  },
  "a block of 8 input channels": {
    batch: 3,
    size: [7, 6],
    channels: [16, 64],
    filter: [3, 3],
    stride: [1, 1],
    pad: 1,
  },
  "6 channels and 16, as in LeNet-5": {
    batch: 2,
    size: [14, 14],
    channels: [6, 16],
    filter: [5, 5],
    stride: [1, 1],
    pad: 0,
  },
  "a 1x1 filter": {
    batch: 2,
    size: [5, 5],
    channels: [8, 1],
    filter: [1, 1],
    stride: [1, 1],
    pad: 0,
  },
  "stride 2 over an odd size": {
    batch: 1,
    size: [9, 7],
    channels: [4, 10],
    filter: [4, 4],
    stride: [2, 2],
    pad: 1,
  },
  "stride 2 over one channel": {
    batch: 2,
    size: [8, 9],
    channels: [1, 3],
    filter: [3, 3],
    stride: [2, 3],
    pad: 1,
  },
};

Deno.test("the filter gradient equals its definition", async (t) => {
  await openDevice();
  for (const [name, c] of Object.entries(NAMED)) {
    await t.step(name, async () => {
      const [x, dy] = inputs(c, new Random(1, name));
      assertAllClose(await gradient(x, dy, c), reference(x, dy, c), { atol: 2e-5 });
    });
  }
});

Deno.test("the filter gradient equals its definition on random shapes", async () => {
  await openDevice();
  const random = new Random(2, "shapes");
  for (let i = 0; i < 12; i++) {
    const filter: [number, number] = [1 + random.int(4), 1 + random.int(4)];
    const c: Case = {
      batch: 1 + random.int(5),
      size: [filter[0] + random.int(6), filter[1] + random.int(6)],
      channels: [1 + random.int(13), 1 + random.int(40)],
      filter,
      stride: [1 + random.int(2), 1 + random.int(2)],
      pad: random.int(Math.min(filter[0], filter[1])),
    };
    const [x, dy] = inputs(c, random);
    try {
      assertAllClose(await gradient(x, dy, c), reference(x, dy, c), { atol: 2e-5 });
    } catch (error) {
      throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
    }
  }
});

Deno.test("the filter gradient keeps a NaN and gives the same bits each time", async () => {
  await openDevice();
  const c = NAMED["the first layer of the CNN"]!;
  const [x, dy] = inputs(c, new Random(3));
  assert.deepEqual(await gradient(x, dy, c), await gradient(x, dy, c));
  dy[5] = NaN;
  const values = await gradient(x, dy, c);
  assert.ok(Number.isNaN(values[12 * 32 + 5]), "the centre of the filter meets every output");
});
