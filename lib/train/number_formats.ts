/**
 * The number formats of safetensors files, and the arrays that hold their values here.
 *
 * Typed arrays have the format's byte order, little-endian, on every machine that Deno runs on.
 *
 * @module
 */

/** The values of a tensor of one of the types that are known. */
export type TensorValues = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A number format. */
interface NumberFormat {
  /** Bytes of a number. */
  readonly size: number;
  /** The numbers in `buffer`, which is theirs alone. Throws a `RangeError` for one it cannot hold. */
  readonly decode: (buffer: ArrayBuffer) => TensorValues;
}

/** What can be read, by its name in the format; all but `I64` keep every bit of the value. */
export const FORMATS = {
  F64: { size: 8, decode: (buffer) => new Float64Array(buffer) },
  F32: { size: 4, decode: (buffer) => new Float32Array(buffer) },
  F16: { size: 2, decode: (buffer) => Float32Array.from(new Float16Array(buffer)) },
  BF16: { size: 2, decode: decodeBfloat16 },
  I64: { size: 8, decode: decodeInt64 },
  I32: { size: 4, decode: (buffer) => new Int32Array(buffer) },
  U8: { size: 1, decode: (buffer) => new Uint8Array(buffer) },
} as const satisfies Record<string, NumberFormat>;

/** The name of a format that can be read. */
export type Dtype = keyof typeof FORMATS;

/** A bfloat16 is the upper half of a float32. */
function decodeBfloat16(buffer: ArrayBuffer): Float32Array {
  const halves = new Uint16Array(buffer);
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}

const MAX_INTEGER = 2n ** 53n;

/** As float64, which has each integer up to 2^53. */
function decodeInt64(buffer: ArrayBuffer): Float64Array {
  return Float64Array.from(new BigInt64Array(buffer), (value) => {
    if (value > MAX_INTEGER || value < -MAX_INTEGER) {
      throw new RangeError(`its integers must be from -2^53 to 2^53, got ${value}`);
    }
    return Number(value);
  });
}

/** The format that `values` have without a change. */
export function formatOf(values: TensorValues): Dtype {
  if (values instanceof Float32Array) return "F32";
  if (values instanceof Float64Array) return "F64";
  return values instanceof Int32Array ? "I32" : "U8";
}

/**
 * Rounds to float16, halves to even.
 *
 * @throws {RangeError} When a finite value is beyond the largest float16, 65504, even rounded.
 */
export function toFloat16(values: Float32Array): Float16Array<ArrayBuffer> {
  const rounded = Float16Array.from(values);
  const beyond = rounded.findIndex((half, i) => !Number.isFinite(half) && isFinite(values[i]!));
  if (beyond >= 0) {
    throw new RangeError(`its values must be from -65504 to 65504, got ${values[beyond]}`);
  }
  return rounded;
}
