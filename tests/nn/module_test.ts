import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { CheckpointError } from "../../lib/errors.ts";
import { Linear } from "../../lib/nn/linear.ts";
import { Module, Parameter, permute, type StateDict } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import type { Tensor } from "../../lib/tensor.ts";
import { assert, fc } from "../deps.ts";
import { permuteByIndices } from "./reference.ts";

class Block extends Module {
  readonly scale = new Parameter(Float32Array.of(1, 2, 3), [3]);
  readonly mean = new Parameter(new Float32Array(3), [3], undefined, false);
  readonly name = "not a parameter";

  override forward(x: Tensor): Tensor {
    return tf.mul(x, this.scale.variable);
  }
}

class Net extends Module {
  readonly stem = new Linear(4, 3, { random: new Random(1) });
  readonly blocks = [new Block(), new Block()];
  readonly tables = [new Parameter(new Float32Array(2), [1, 2])];
  readonly head = new Linear(3, 2, { random: new Random(2), bias: false });

  override forward(x: Tensor): Tensor {
    return this.head.forward(
      this.blocks.reduce((h, block) => block.forward(h), this.stem.forward(x)),
    );
  }
}

const SHAPES: Record<string, number[]> = {
  "stem.weight": [3, 4],
  "stem.bias": [3],
  "blocks.0.scale": [3],
  "blocks.0.mean": [3],
  "blocks.1.scale": [3],
  "blocks.1.mean": [3],
  "tables.0": [1, 2],
  "head.weight": [2, 3],
};

Deno.test("namedParameters() follows modules and arrays in order of definition", async () => {
  await openDevice();
  assert.deepEqual([...new Net().namedParameters()].map(([name]) => name), Object.keys(SHAPES));
});

Deno.test("parameterCount leaves out buffers", async () => {
  await openDevice();
  assert.equal(new Net().parameterCount, 12 + 3 + 3 + 3 + 2 + 6);
});

Deno.test("stateDict() and loadStateDict() carry weights and buffers in PyTorch's layout", async () => {
  const device = await openDevice();
  const state: StateDict = new Map();
  for (const [name, shape] of Object.entries(SHAPES)) {
    const values = new Float32Array(shape.reduce((a, b) => a * b));
    new Random(5, name).fillNormal(values, 0, 1);
    state.set(name, { shape, values });
  }
  const net = new Net();
  net.loadStateDict(state);
  assert.deepEqual(await net.stateDict(), state);

  const x = Float32Array.of(1, 2, 3, 4);
  const product = (weight: string, x: ArrayLike<number>) => {
    const { shape: [rows, columns], values } = state.get(weight)!;
    return Array.from(
      { length: rows! },
      (_, r) => Array.from(x).reduce((sum, value, c) => sum + value * values[r * columns! + c]!, 0),
    );
  };
  const hidden = product("stem.weight", x).map((h, i) =>
    (h + state.get("stem.bias")!.values[i]!) * state.get("blocks.0.scale")!.values[i]! *
    state.get("blocks.1.scale")!.values[i]!
  );
  const y = await net.forward(tf.tensor(x, [1, 4])).data();
  product("head.weight", hidden).forEach((e, i) => assert.ok(Math.abs(y[i]! - e) < 1e-4));
  device.check();
});

Deno.test("loadStateDict() refuses what does not fit and changes nothing", async (t) => {
  const device = await openDevice();
  const net = new Net();
  const before = await net.stateDict();
  const cases: Record<string, [change: (state: StateDict) => void, message: RegExp]> = {
    "an unknown tensor": [
      (state) => state.set("stem.\nscale", { shape: [1], values: Float32Array.of(1) }),
      /of another network, got a tensor "stem\.\\nscale"$/,
    ],
    "a missing tensor": [
      (state) => state.delete("head.weight"),
      /of another network, without the tensor head\.weight$/,
    ],
    "a transposed shape": [
      (state) => state.set("head.weight", { shape: [3, 2], values: new Float32Array(6) }),
      /head\.weight must have shape \(2, 3\), got \(3, 2\)$/,
    ],
    "another rank": [
      (state) => state.set("tables.0", { shape: [2], values: new Float32Array(2) }),
      /tables\.0 must have shape \(1, 2\), got \(2\)$/,
    ],
  };
  for (const [name, [change, message]] of Object.entries(cases)) {
    await t.step(name, async () => {
      const state: StateDict = new Map();
      for (const [key, { shape }] of before) {
        state.set(key, { shape, values: new Float32Array(shape.reduce((a, b) => a * b)).fill(9) });
      }
      change(state);
      assert.throws(() => net.loadStateDict(state), (error) => {
        assert.ok(error instanceof CheckpointError);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await net.stateDict(), before);
    });
  }
  device.check();
});

Deno.test("dispose() frees every parameter", async () => {
  await openDevice();
  const before = tf.memory().numTensors;
  const net = new Net();
  assert.equal(tf.memory().numTensors, before + Object.keys(SHAPES).length);
  net.dispose();
  assert.equal(tf.memory().numTensors, before);
});

/** A shape of up to 5 axes and an order of them. */
const layouts = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }).chain((shape) =>
  fc.tuple(
    fc.constant(shape),
    fc.shuffledSubarray(shape.map((_, axis) => axis), { minLength: shape.length }),
  )
);

function counted(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
}

Deno.test("permute() moves every value where its indices say", () => {
  fc.assert(
    fc.property(layouts, ([shape, order]) => {
      const values = counted(shape);
      assert.deepEqual(permute(values, shape, order), permuteByIndices(values, shape, order));
    }),
    { seed: 1, numRuns: 300 },
  );
  // A worked example, should both be wrong alike.
  assert.deepEqual([...permute(counted([2, 3]), [2, 3], [1, 0])], [0, 3, 1, 4, 2, 5]);
});

Deno.test("Parameter.write() puts back what read() gave, bit for bit", async () => {
  const device = await openDevice();
  const nonEmpty = layouts.filter(([shape]) => !shape.includes(0));
  const float = fc.float({ noNaN: true });
  await fc.assert(
    fc.asyncProperty(nonEmpty, fc.infiniteStream(float), async ([shape, order], stream) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from(stream.take(size));
      const outside = order.map((axis) => shape[axis]!);
      const layout = { view: shape, order, shape: outside };
      const parameter = new Parameter(new Float32Array(size), [size], layout);
      parameter.write(values);
      // Any kernel moves the values to the GPU; until then a read gives back the host's own copy.
      tf.dispose(tf.neg(parameter.variable));
      const read = await parameter.read();
      parameter.variable.dispose();
      assert.deepEqual(read.shape, outside);
      assert.deepEqual(new Uint32Array(read.values.buffer), new Uint32Array(values.buffer));
    }),
    { seed: 1, numRuns: 40 },
  );
  device.check();
});
