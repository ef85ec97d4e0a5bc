import { tf } from "../../../lib/deps.ts";
import { openDevice } from "../../../lib/device.ts";
import { matMulGradient } from "../../../lib/engine/kernels/mat_mul_gradient.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert } from "../../deps.ts";
import { compute, type Computed, isOurs } from "../poisoned.ts";

interface Case {
  M: number;
  N: number;
  K: number;
  transposeA: boolean;
  transposeB: boolean;
  /** The axes before the last two. */
  outerA: number[];
  outerB: number[];
}

const TRANSPOSES = [[false, false], [false, true], [true, false], [true, true]] as const;

function makeCase(M: number, N: number, K: number, rest: Partial<Case> = {}): Case {
  return { M, N, K, transposeA: false, transposeB: false, outerA: [], outerB: [], ...rest };
}

const shapeA = (c: Case) => [...c.outerA, ...(c.transposeA ? [c.K, c.M] : [c.M, c.K])];
const shapeB = (c: Case) => [...c.outerB, ...(c.transposeB ? [c.N, c.K] : [c.K, c.N])];
const size = (shape: number[]) => shape.reduce((product, n) => product * n, 1);
const outerOf = (c: Case) => tf.backend_util.assertAndGetBroadcastShape(c.outerA, c.outerB);
const batchOf = (c: Case) => size(outerOf(c));

/** Which member of a batch `own` belongs to member `batch` of `result`, by its coordinates. */
function memberOf(own: number[], result: number[], batch: number): number {
  let [member, stride] = [0, 1];
  for (let axis = 1; axis <= result.length; axis++) {
    const coordinate = batch % result.at(-axis)!;
    batch = Math.floor(batch / result.at(-axis)!);
    const length = own.at(-axis) ?? 1;
    if (length > 1) member += coordinate * stride;
    stride *= length;
  }
  return member;
}

function uniform(length: number, random: Random): Float32Array {
  const values = new Float32Array(length);
  random.fillUniform(values, -1, 1);
  return values;
}

function inputs(c: Case, random: Random): [a: Float32Array, b: Float32Array] {
  return [uniform(size(shapeA(c)), random), uniform(size(shapeB(c)), random)];
}

/** Visits all products of the definition, as the places of their factors and of their sum. */
function forEachProduct(c: Case, visit: (a: number, b: number, y: number) => void): void {
  const { M, N, K } = c;
  const outer = outerOf(c);
  for (let batch = 0; batch < size(outer); batch++) {
    const firstA = memberOf(c.outerA, outer, batch) * M * K;
    const firstB = memberOf(c.outerB, outer, batch) * K * N;
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        for (let k = 0; k < K; k++) {
          const a = firstA + (c.transposeA ? k * M + m : m * K + k);
          const b = firstB + (c.transposeB ? n * K + k : k * N + n);
          visit(a, b, (batch * M + m) * N + n);
        }
      }
    }
  }
}

/** The definition, in float64. */
function reference(a: Float32Array, b: Float32Array, c: Case): Float64Array {
  const y = new Float64Array(batchOf(c) * c.M * c.N);
  forEachProduct(c, (i, j, o) => y[o]! += a[i]! * b[j]!);
  return y;
}

function product(a: Float32Array, b: Float32Array, c: Case): Promise<Computed> {
  return compute(() => [
    tf.matMul(tf.tensor(a, shapeA(c)), tf.tensor(b, shapeB(c)), c.transposeA, c.transposeB),
  ]);
}

/** Rounding errors of a sum of `n` terms below 1 grow like a random walk. */
const tolerance = (n: number) => ({ atol: 2e-6 * Math.sqrt(n) });

async function check(c: Case, random: Random): Promise<Computed> {
  const [a, b] = inputs(c, random);
  const result = await product(a, b, c);
  try {
    assertAllClose(result.values[0]!, reference(a, b, c), tolerance(c.K));
    assert.ok(isOurs(result), `the stock kernel ran: ${result.programs}`);
  } catch (error) {
    throw new Error(`${JSON.stringify(c)}: ${(error as Error).message}`);
  }
  return result;
}

Deno.test("matMul equals its definition", async (t) => {
  await openDevice();
  const sizes = [
    [1, 1, 1],
    [1, 70, 5],
    [130, 1, 6],
    [2, 9, 1],
    // Few columns, and rows for several invocations of a workgroup.
    [100, 10, 12],
    [75, 3, 8],
    [3, 5, 7],
    [4, 8, 16],
    [12, 20, 28],
    [16, 64, 8],
    [17, 65, 12],
    [33, 127, 10],
    [65, 31, 20],
  ] as const;
  for (const [transposeA, transposeB] of TRANSPOSES) {
    await t.step(`${transposeA ? "Aᵀ" : "A"}${transposeB ? "Bᵀ" : "B"}`, async () => {
      const random = new Random(1, "sizes");
      for (const [M, N, K] of sizes) {
        const { shapes } = await check(makeCase(M, N, K, { transposeA, transposeB }), random);
        assert.deepEqual(shapes[0], [M, N]);
      }
    });
  }
});

Deno.test("matMul equals its definition on random shapes", async () => {
  await openDevice();
  const random = new Random(2, "shapes");
  for (let i = 0; i < 24; i++) {
    const [transposeA, transposeB] = TRANSPOSES[i % 4]!;
    const outer = i % 3 === 0 ? [1 + random.int(3), 1 + random.int(3)] : [];
    const [M, N, K] = [1 + random.int(40), 1 + random.int(150), 1 + random.int(30)];
    await check(
      makeCase(M, N, K, { transposeA, transposeB, outerA: outer, outerB: outer }),
      random,
    );
  }
});

Deno.test("matMul multiplies batches, one side of which may be shared", async (t) => {
  await openDevice();
  const batches: [outerA: number[], outerB: number[], result: number[]][] = [
    [[3], [3], [3]],
    [[2, 3], [2, 3], [2, 3]],
    [[], [5], [5]],
    [[5], [], [5]],
    [[1], [2, 2], [2, 2]],
    [[4], [1, 1], [1, 4]],
  ];
  for (const [outerA, outerB, outer] of batches) {
    await t.step(`[${outerA}] and [${outerB}]`, async () => {
      const random = new Random(3, "batches");
      for (const [transposeA, transposeB] of TRANSPOSES) {
        for (const [M, N, K] of [[5, 11, 3], [8, 12, 4]] as const) {
          const c = makeCase(M, N, K, { transposeA, transposeB, outerA, outerB });
          const { shapes } = await check(c, random);
          assert.deepEqual(shapes[0], [...outer, M, N]);
        }
      }
    });
  }
});

Deno.test("matMul broadcasts outer axes into each other", async (t) => {
  await openDevice();
  const batches: [outerA: number[], outerB: number[], result: number[]][] = [
    [[2, 1], [1, 3], [2, 3]],
    [[2, 1], [2, 3], [2, 3]],
    [[3], [2, 1], [2, 3]],
    [[2, 1, 3], [1, 4, 1], [2, 4, 3]],
    [[2, 1, 3], [4, 3], [2, 4, 3]],
  ];
  for (const [i, [outerA, outerB, outer]] of batches.entries()) {
    await t.step(`[${outerA}] and [${outerB}]`, async () => {
      const [transposeA, transposeB] = TRANSPOSES[i % 4]!;
      const c = makeCase(5, 11, 3, { transposeA, transposeB, outerA, outerB });
      const { shapes } = await check(c, new Random(3, "broadcast", i));
      assert.deepEqual(shapes[0], [...outer, 5, 11]);
    });
  }
});

Deno.test("matMul leaves products with nothing in them to the stock kernel", async () => {
  await openDevice();
  for (const [M, N] of [[0, 2], [2, 0]] as const) {
    const c = makeCase(M, N, 3);
    const empty = await product(...inputs(c, new Random(4)), c);
    assert.deepEqual([...empty.values[0]!], []);
    assert.deepEqual(empty.shapes[0], [M, N]);
    assert.ok(!isOurs(empty));
  }
});

Deno.test("matMul makes zeros of sums of nothing", async () => {
  await openDevice();
  const c = makeCase(2, 3, 0, { outerA: [2] });
  const zeros = await product(...inputs(c, new Random(4)), c);
  assert.deepEqual([...zeros.values[0]!], new Array(12).fill(0));
  assert.deepEqual(zeros.shapes[0], [2, 2, 3]);
});

Deno.test("matMul covers more results than a device dispatches along one axis", async (t) => {
  await openDevice();
  const counted = (...shape: number[]) => tf.reshape(tf.range(0, size(shape)), shape);
  const products: Record<string, () => tf.Tensor> = {
    rows: () => tf.matMul(counted(1_048_577, 1), tf.ones([1, 1])),
    columns: () => tf.matMul(tf.ones([1, 1]), counted(1, 4_194_305)),
    batches: () => tf.matMul(counted(65_537, 1, 1), tf.ones([65_537, 1, 1])),
  };
  for (const [name, multiply] of Object.entries(products)) {
    await t.step(name, async () => {
      const result = await compute(() => [multiply()]);
      assert.ok(result.values[0]!.every((value, i) => value === i));
      assert.ok(isOurs(result));
    });
  }
});

Deno.test("matMul leaves integers to the stock kernel", async () => {
  await openDevice();
  const result = await compute(() => [
    tf.matMul(
      tf.tensor2d([[1, 2], [3, 4]], [2, 2], "int32"),
      tf.tensor2d([[5], [-6]], [2, 1], "int32"),
    ),
  ]);
  assert.ok(result.values[0] instanceof Int32Array);
  assert.deepEqual([...result.values[0]], [-7, -9]);
  assert.ok(!isOurs(result));
});

Deno.test("matMul keeps NaN and infinity in their rows and columns", async () => {
  await openDevice();
  const random = new Random(5);
  for (const [transposeA, transposeB] of TRANSPOSES) {
    for (const K of [7, 8]) {
      const c = makeCase(19, 11, K, { transposeA, transposeB });
      const [a, b] = inputs(c, random);
      const placeA = (m: number, k: number) => transposeA ? k * c.M + m : m * K + k;
      const placeB = (k: number, n: number) => transposeB ? n * K + k : k * c.N + n;
      a[placeA(2, 3)] = NaN;
      a[placeA(18, 1)] = Infinity;
      b[placeB(1, 4)] = 0;
      b[placeB(K - 1, 10)] = NaN;
      const { values: [y] } = await product(a, b, c);
      assertAllClose(y!, reference(a, b, c), tolerance(K));
      for (let m = 0; m < c.M; m++) {
        for (let n = 0; n < c.N; n++) {
          const isNaN = m === 2 || n === 10 || (m === 18 && n === 4);
          assert.equal(Number.isNaN(y![m * c.N + n]), isNaN, `row ${m}, column ${n}`);
        }
      }
      assert.ok(Math.abs(y![18 * c.N]!) === Infinity);
    }
  }
});

Deno.test("matMul gives the same bits each time where the stock kernel adds with atomics", async () => {
  await openDevice();
  const c = makeCase(64, 40, 3136);
  const [a, b] = inputs(c, new Random(6));
  const first = await product(a, b, c);
  assertAllClose(first.values[0]!, reference(a, b, c), tolerance(c.K));
  assert.ok(first.programs.every((key) => key.startsWith("inkling_")));
  for (let i = 0; i < 4; i++) {
    assert.deepEqual((await product(a, b, c)).values[0], first.values[0]);
  }
});

Deno.test("the gradients of matMul equal their definition", async () => {
  await openDevice();
  tf.registerGradient(matMulGradient);
  const random = new Random(7);
  const broadcast = [[[2, 1], [1, 3]], [[], [2]], [[2], []], [[2, 1, 2], [3, 1]]] as const;
  for (const [i, [transposeA, transposeB]] of TRANSPOSES.entries()) {
    for (const [outerA, outerB] of [[[], []], [[3], [3]], broadcast[i]!] as const) {
      const sides = { outerA: [...outerA], outerB: [...outerB] };
      const c = makeCase(9, 21, 6, { transposeA, transposeB, ...sides });
      const [a, b] = inputs(c, random);
      const dy = uniform(batchOf(c) * c.M * c.N, random);
      const gradients = await compute(() =>
        tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, transposeA, transposeB))(
          [tf.tensor(a, shapeA(c)), tf.tensor(b, shapeB(c))],
          tf.tensor(dy, [...outerOf(c), c.M, c.N]),
        )
      );
      const da = new Float64Array(a.length);
      const db = new Float64Array(b.length);
      forEachProduct(c, (i, j, o) => {
        da[i]! += dy[o]! * b[j]!;
        db[j]! += a[i]! * dy[o]!;
      });
      assertAllClose(gradients.values[0]!, da, tolerance(6 * c.N));
      assertAllClose(gradients.values[1]!, db, tolerance(6 * c.M));
      assert.deepEqual(gradients.shapes, [shapeA(c), shapeB(c)]);
      assert.ok(isOurs(gradients));
    }
  }
});

Deno.test("matMul refuses what does not fit together", async () => {
  await openDevice();
  assert.throws(() => tf.matMul(tf.zeros([2, 3]), tf.zeros([4, 2])), /inner shapes/);
  const integers = (...shape: number[]) => tf.zeros(shape, "int32");
  assert.throws(
    () => tf.matMul(integers(2, 1, 2, 2), integers(2, 3, 2, 2)),
    /Cannot multiply matrices of integers: .*got shapes \[2,1,2,2\] and \[2,3,2,2\]/,
  );
});
