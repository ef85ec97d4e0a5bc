/**
 * The safetensors format: named tensors and a text-to-text table in one file.
 *
 * Layout: a little-endian 64-bit length, a JSON header of that length that gives each tensor's
 * `dtype`, `shape` and byte range, then the data. Documented at
 * <https://github.com/huggingface/safetensors#format>.
 *
 * @module
 */

import { CheckpointError } from "../errors.ts";
import type { StateDict } from "../nn/module.ts";
import { type Dtype, formatOf, FORMATS, type TensorValues, toFloat16 } from "./number_formats.ts";

/** The state of a network, as a safetensors file holds it. */
export interface SafetensorsFile {
  /** The tensors by name, in file order. */
  readonly tensors: StateDict;
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor of one of the types that are known. */
export interface AnyTensor {
  /** Its shape. */
  readonly shape: readonly number[];
  /** Its values, row-major. */
  readonly values: TensorValues;
}

/** What a safetensors file holds, whatever the types of its tensors. */
export interface TensorFile {
  /** The tensors by name, in file order. */
  readonly tensors: ReadonlyMap<string, AnyTensor>;
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of {@link encodeSafetensors}. */
export interface EncodeOptions {
  /**
   * How float32 tensors are stored. `"float16"` takes half the bytes and rounds to the nearest,
   * halves to even; a single number without axes, such as a count of batches, stays float32.
   *
   * @default "float32"
   */
  readonly dtype?: "float32" | "float16" | undefined;
}

/** The formats that the state of a network is read from. */
const STATE_FORMATS = ["F32", "F16", "BF16", "I64"] as const satisfies readonly Dtype[];

const METADATA = "__metadata__";
/** The format's own limit on the header's length, in bytes. */
const MAX_HEADER = 100_000_000;

/**
 * Encodes tensors and metadata as a safetensors file. The same input gives the same bytes.
 *
 * Tensors of larger numbers come first, else they keep their order: so each begins at a multiple of
 * the size of its numbers, which PyTorch's reader asks for.
 *
 * @throws {RangeError} When a tensor's name is `__metadata__` or not well-formed Unicode, which the
 *   format cannot hold, or a value is too large for float16.
 */
export function encodeSafetensors(
  file: TensorFile,
  { dtype = "float32" }: EncodeOptions = {},
): Uint8Array<ArrayBuffer> {
  const parts = [...file.tensors].map(([name, tensor]) => partOf(name, tensor, dtype));
  parts.sort((a, b) => FORMATS[b.dtype].size - FORMATS[a.dtype].size);
  // The header's text is put together entry by entry: an object would move names that are numbers
  // to its front and lose one that is `__proto__`.
  const entries = [`"${METADATA}":${JSON.stringify(file.metadata)}`];
  let offset = 0;
  for (const { name, dtype, shape, values } of parts) {
    const end = offset + values.byteLength;
    const entry = { dtype, shape, data_offsets: [offset, end] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset = end;
  }
  const json = new TextEncoder().encode(`{${entries.join()}}`);
  // Spaces after the JSON align the data to 8 bytes, as the format asks.
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset).fill(0x20, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  let position = 8 + headerLength;
  for (const { values } of parts) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
    position += values.byteLength;
  }
  return bytes;
}

/** A tensor as it is stored. */
interface Part {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values: TensorValues | Float16Array;
}

function partOf(
  name: string,
  { shape, values }: AnyTensor,
  dtype: "float32" | "float16",
): Part {
  if (name === METADATA || !name.isWellFormed()) {
    throw new RangeError(
      `Cannot encode a tensor: its name must be well-formed and not ${METADATA}, ` +
        `got ${JSON.stringify(name)}`,
    );
  }
  if (dtype === "float32" || !(values instanceof Float32Array) || shape.length === 0) {
    return { name, dtype: formatOf(values), shape, values };
  }
  try {
    return { name, dtype: "F16", shape, values: toFloat16(values) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(
      `Cannot encode ${JSON.stringify(name)} as float16: ${error.message}. Encode it as float32`,
    );
  }
}

/**
 * Decodes a safetensors file of the state of a network. Tensors of float16 and bfloat16 become
 * float32 without a loss; those of int64, such as PyTorch's counts of batches, are rounded to float32,
 * which has each integer up to 2^24.
 *
 * @param bytes The file.
 * @param name What to call it in errors.
 * @throws {CheckpointError} When it is no such file, is cut short, or holds other types or integers
 *   beyond 2^53.
 */
export function decodeSafetensors(bytes: Uint8Array, name = "the file"): SafetensorsFile {
  const { tensors, metadata } = decode(bytes, name, STATE_FORMATS);
  const state: StateDict = new Map();
  for (const [key, { shape, values }] of tensors) {
    const isFloat32 = values instanceof Float32Array;
    const floats = isFloat32 ? values as Float32Array<ArrayBuffer> : Float32Array.from(values);
    state.set(key, { shape, values: floats });
  }
  return { tensors: state, metadata };
}

/**
 * Decodes a safetensors file of any types that are known: float64, int32 and bytes as they are,
 * float32, float16 and bfloat16 as float32, int64 as float64.
 *
 * @param bytes The file.
 * @param name What to call it in errors.
 * @throws {CheckpointError} When it is no such file, is cut short, or holds other types or integers
 *   beyond 2^53.
 */
export function decodeTensors(bytes: Uint8Array, name = "the file"): TensorFile {
  return decode(bytes, name, Object.keys(FORMATS) as Dtype[]);
}

function decode(bytes: Uint8Array, name: string, dtypes: readonly Dtype[]): TensorFile {
  const refuse = (why: string) =>
    new CheckpointError(`Cannot read ${name}: not a valid safetensors file, ${why}`);
  if (bytes.length < 8) throw refuse(`got ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || 8 + headerLength > bytes.length) {
    throw refuse(`its header must be ${headerLength} bytes long, got ${bytes.length - 8} in all`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength));
  if (header === undefined) throw refuse("its header is not a JSON object");

  const { [METADATA]: metadata = {}, ...entries } = header;
  if (!isTextTable(metadata)) throw refuse("its metadata is not a table of texts");
  const data = bytes.subarray(8 + headerLength);
  const tensors = new Map<string, AnyTensor>();
  let end = 0;
  const inFileOrder = Object.entries(entries).map(([key, entry]) => {
    if (!isTensorEntry(entry)) throw refuse(`the entry ${JSON.stringify(key)} is malformed`);
    const [from, to] = entry.data_offsets;
    return { key, dtype: entry.dtype, shape: entry.shape, from, to };
  }).sort((a, b) => a.from - b.from || a.to - b.to);
  for (const { key, dtype: stated, shape, from, to } of inFileOrder) {
    const quoted = JSON.stringify(key);
    const dtype = dtypes.find((known) => known === stated);
    if (dtype === undefined) {
      const known = dtypes.join(", ");
      throw refuse(`${quoted} must have dtype ${known}, got ${JSON.stringify(stated)}`);
    }
    // Tensors that follow each other without a gap are also what gives away a name that stands
    // twice in the header: the parser keeps only the last of them.
    if (from !== end) throw refuse(`${quoted} must begin at byte ${end}, got ${from}`);
    const size = shape.reduce((product, n) => product * n, 1);
    if (to > data.length || to - from !== FORMATS[dtype].size * size) {
      throw refuse(`${quoted} lies outside the file or does not fill its shape; is it cut short?`);
    }
    try {
      tensors.set(key, { shape, values: FORMATS[dtype].decode(data.slice(from, to).buffer) });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw refuse(`${quoted} cannot be read: ${error.message}`);
    }
    end = to;
  }
  if (end !== data.length) throw refuse(`${data.length - end} bytes follow its last tensor`);
  return { tensors, metadata };
}

interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  if (bytes[0] !== 0x7b) return undefined; // The format has no space before the brace.
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // What is no JSON is no header, whatever the parser says of it.
    return undefined;
  }
}

function isTextTable(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function isTensorEntry(value: unknown): value is TensorEntry {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data_offsets } = value as Record<string, unknown>;
  return typeof dtype === "string" && isSizes(shape) && isSizes(data_offsets) &&
    data_offsets.length === 2 && data_offsets[0]! <= data_offsets[1]!;
}
