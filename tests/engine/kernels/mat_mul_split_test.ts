import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { suitLanes } from "../../../lib/engine/kernels/lanes.ts";
import { slicesFor } from "../../../lib/engine/kernels/mat_mul_split.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute } from "../poisoned.ts";
import { ownLanes } from "../own_lanes.ts";

/** Runs `fn` as on an adapter of this kind. */
async function as(kind: "software" | "gpu", fn: () => void | Promise<void>): Promise<void> {
  suitLanes({ software: kind === "software" });
  try {
    await fn();
  } finally {
    await ownLanes();
  }
}

Deno.test("slicesFor() cuts long sums with few results", async (t) => {
  await openDevice();
  const cases: [M: number, N: number, K: number, batch: number, software: number, gpu: number][] = [
    [10, 64, 1792, 1, 4, 14],
    [64, 64, 3136, 1, 1, 24],
    [64, 10, 3136, 1, 4, 24],
    [32, 32, 100_000, 1, 4, 511],
    [10, 64, 1792, 8, 1, 14],
    // Enough results, short sums, little work.
    [512, 512, 4096, 1, 1, 2],
    [1024, 1024, 4096, 1, 1, 1],
    [64, 128, 784, 1, 1, 6],
    [64, 300, 500, 1, 1, 1],
    [64, 10, 1000, 1, 1, 1],
    [1, 1, 4096, 1, 1, 1],
  ];
  for (const [M, N, K, batch, software, gpu] of cases) {
    await t.step(`${batch} of ${M}x${N}x${K}`, async () => {
      for (const [kind, count] of [["software", software], ["gpu", gpu]] as const) {
        await as(kind, () => {
          const slices = slicesFor({ M, N, K }, batch);
          assert.equal(slices.count, count, kind);
          assert.equal(Math.ceil(K / slices.length), slices.count);
          assert.ok(count === 1 || slices.length % 4 === 0);
        });
      }
    });
  }
});

Deno.test("sums in slices equal their definition, each time with the same bits", async (t) => {
  await openDevice();
  for (const [M, N, K] of [[11, 65, 1538], [33, 10, 3300]] as const) {
    const random = new Random(1, "split", M);
    const [a, b, bias] = [M * K, K * N, N].map((size) => {
      const values = new Float32Array(size);
      random.fillUniform(values, -1, 1);
      return values;
    }) as [Float32Array, Float32Array, Float32Array];
    const expected = new Float64Array(M * N);
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = bias[n]!;
        for (let k = 0; k < K; k++) sum += a[m * K + k]! * b[k * N + n]!;
        expected[m * N + n] = Math.max(0, sum);
      }
    }
    for (const kind of ["software", "gpu"] as const) {
      await t.step(`${M}x${N}x${K}, ${kind}`, () =>
        as(kind, async () => {
          const product = () =>
            compute(() => [
              tf.fused.matMul({
                a: tf.tensor2d(a, [M, K]),
                b: tf.tensor2d(b, [K, N]),
                bias: tf.tensor1d(bias),
                activation: "relu",
              }),
            ]);
          const { values, shapes, programs } = await product();
          assert.ok(programs.some((key) => key.startsWith("inkling_mat_mul_sum")));
          assert.deepEqual(shapes, [[M, N]]);
          assertAllClose(values[0]!, expected, { rtol: 1e-5, atol: 2e-4 });
          assert.deepEqual((await product()).values, values);
        }));
    }
  }
});

Deno.test("slices of batches and transposed sides keep to their products", async () => {
  await openDevice();
  const [M, N, K] = [6, 40, 2100];
  for (const [transposeA, transposeB] of [[false, true], [true, false], [true, true]] as const) {
    // Whole numbers: every sum is exact, however it is cut.
    const whole = (shape: number[], step: number) =>
      tf.reshape(
        tf.sub(tf.mod(tf.mul(tf.range(0, shape.reduce((n, m) => n * m)), step), 7), 3),
        shape,
      );
    const { values: [ours, plain] } = await compute(() => {
      const a = whole([3, ...(transposeA ? [K, M] : [M, K])], 3);
      const b = whole([3, ...(transposeB ? [N, K] : [K, N])], 5);
      const rows = tf.transpose(a, transposeA ? [0, 2, 1] : [0, 1, 2]);
      const columns = tf.transpose(b, transposeB ? [0, 1, 2] : [0, 2, 1]);
      const pairs = tf.mul(tf.expandDims(rows, 2), tf.expandDims(columns, 1));
      return [tf.matMul(a, b, transposeA, transposeB), tf.sum(pairs, -1)];
    });
    assert.ok(plain!.some((value) => value !== 0));
    assertAllClose(ours!, plain!, { rtol: 0, atol: 0 });
  }
});
