/** Numbers pass through the formats of safetensors as the formats are defined. @module */

import { CheckpointError } from "../../lib/errors.ts";
import { formatOf, FORMATS, toFloat16 } from "../../lib/train/number_formats.ts";
import {
  decodeSafetensors,
  decodeTensors,
  encodeSafetensors,
} from "../../lib/train/safetensors.ts";
import { assert, fc } from "../deps.ts";

/** IEEE 754's definition of a binary number, here with the sign bit, exponent and fraction of 16 bits. */
function defined(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias);
  return sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** A file of one tensor "a" of any format. */
function fileOf(dtype: string, shape: number[], data: ArrayBufferView): Uint8Array {
  const range = [0, data.byteLength];
  const header = new TextEncoder().encode(
    JSON.stringify({ a: { dtype, shape, data_offsets: range } }),
  );
  const bytes = new Uint8Array(8 + header.length + data.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + header.length);
  return bytes;
}

Deno.test("float16 and bfloat16 are read as IEEE 754 defines them, all of them", () => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
  for (const [dtype, exponentBits, fractionBits] of [["F16", 5, 10], ["BF16", 8, 7]] as const) {
    const expected = Float32Array.from(all, (bits) => defined(bits, exponentBits, fractionBits));
    const bytes = fileOf(dtype, [2 ** 16], all);
    for (const decode of [decodeSafetensors, decodeTensors]) {
      const { values } = decode(bytes).tensors.get("a")!;
      assert.ok(values instanceof Float32Array);
      const wrong = all.findIndex((bits) => !Object.is(values[bits], expected[bits]));
      assert.equal(wrong, -1, `${dtype}: bits ${wrong.toString(16)} give ${values[wrong]}`);
    }
  }
});

Deno.test("toFloat16() gives the nearest float16, and of two the even one", () => {
  const value = (bits: number) => defined(bits, 5, 10);
  const magnitude = fc.oneof(
    fc.float({ min: 0, max: 65519, noNaN: true, maxExcluded: false }),
    // Where float16 has few bits, and halfway between two neighbours.
    fc.float({ min: 0, max: Math.fround(2 ** -13), noNaN: true }),
    fc.integer({ min: 0, max: 0x7bfe }).map((bits) => (value(bits) + value(bits + 1)) / 2),
  );
  fc.assert(
    fc.property(magnitude, fc.boolean(), (magnitude, negative) => {
      const x = negative ? -magnitude : magnitude;
      const half = toFloat16(Float32Array.of(x));
      const [bits] = new Uint16Array(half.buffer) as Uint16Array & [number];
      assert.equal(bits >> 15, Number(negative), "the sign, of zeros too");
      const distance = Math.abs(value(bits) - x);
      const index = bits & 0x7fff;
      for (const neighbour of [index - 1, index + 1]) {
        if (neighbour < 0 || neighbour > 0x7bff) continue;
        const other = Math.abs(value(neighbour) - magnitude);
        assert.ok(distance < other || (distance === other && bits % 2 === 0), `${x}: ${bits}`);
      }
    }),
    { seed: 1, numRuns: 5000 },
  );
});

Deno.test("float16 holds its own numbers, NaN and the infinities, and refuses what overflows", () => {
  const own = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
  const values = Float32Array.from(own, (bits) => defined(bits, 5, 10));
  const again = Float32Array.from(toFloat16(values));
  assert.equal(values.findIndex((x, i) => !Object.is(x, again[i])), -1);

  const encode = (x: number) => {
    const tensors = new Map([["fc.weight", { shape: [2], values: Float32Array.of(1, x) }]]);
    return encodeSafetensors({ tensors, metadata: {} }, { dtype: "float16" });
  };
  // Halfway between 65504 and what would be the next float16.
  for (const x of [65520, -65520, 1e30]) {
    assert.throws(() => encode(x), {
      name: "RangeError",
      message: `Cannot encode "fc.weight" as float16: its values must be from -65504 to 65504, ` +
        `got ${Math.fround(x)}. Encode it as float32`,
    });
  }
  const largest = decodeSafetensors(encode(65519)).tensors.get("fc.weight")!.values;
  assert.deepEqual([...largest], [1, 65504]);
});

Deno.test("float16 files have half the size, and counts stay as they are", () => {
  fc.assert(
    fc.property(
      fc.float32Array({ noNaN: true, min: -1000, max: 1000, minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 2 ** 24 }),
      (values, count) => {
        const tensors = new Map([
          ["weight", { shape: [values.length], values }],
          ["count", { shape: [], values: Float32Array.of(count) }],
          ["labels", { shape: [1], values: Int32Array.of(count) }],
        ]);
        const bytes = encodeSafetensors({ tensors, metadata: {} }, { dtype: "float16" });
        const header = 8 + new DataView(bytes.buffer).getUint32(0, true);
        assert.equal(bytes.length - header, 2 * values.length + 4 + 4);
        const decoded = decodeTensors(bytes).tensors;
        assert.deepEqual(decoded.get("count"), tensors.get("count"));
        assert.deepEqual(decoded.get("labels"), tensors.get("labels"));
        const expected = Float32Array.from(values, (x) => Math.f16round(x));
        assert.deepEqual(decoded.get("weight"), { shape: [values.length], values: expected });
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("int64 is read exactly up to 2^53 and refused beyond", () => {
  const limit = 2n ** 53n;
  const within = fc.bigInt({ min: -limit, max: limit });
  const beyond = fc.bigInt({ min: limit + 1n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(fc.array(within, { maxLength: 8 }), (integers) => {
      const bytes = fileOf("I64", [integers.length], BigInt64Array.from(integers));
      const { values } = decodeTensors(bytes).tensors.get("a")!;
      assert.ok(values instanceof Float64Array);
      assert.deepEqual(Array.from(values, BigInt), integers);
      const floats = decodeSafetensors(bytes).tensors.get("a")!.values;
      assert.deepEqual(floats, Float32Array.from(integers, Number));
    }),
    { seed: 1 },
  );
  fc.assert(
    fc.property(beyond, fc.boolean(), (integer, negative) => {
      const bytes = fileOf("I64", [], BigInt64Array.of(negative ? -integer : integer));
      assert.throws(() => decodeSafetensors(bytes, "x"), (error) => {
        assert.ok(error instanceof CheckpointError);
        assert.match(
          error.message,
          /^Cannot read x: .* "a" cannot be read: its integers must be from -2\^53 to 2\^53, got/,
        );
        return true;
      });
    }),
    { seed: 1 },
  );
});

Deno.test("formatOf() names the format of each array", () => {
  for (const [dtype, { decode }] of Object.entries(FORMATS)) {
    const wide = { F16: "F32", BF16: "F32", I64: "F64" }[dtype] ?? dtype;
    assert.equal(formatOf(decode(new ArrayBuffer(8))), wide);
  }
});
