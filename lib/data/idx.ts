/**
 * The IDX format of the MNIST family: a magic number, the dimensions, then the values.
 *
 * ```text
 * byte 0, 1   0
 * byte 2      type of the values; 0x08 is the unsigned byte, the only one read here
 * byte 3      number of dimensions: 1 for labels, 3 for images
 * then        one big-endian uint32 for each dimension
 * then        the values, last dimension fastest
 * ```
 *
 * Source: LeCun, Cortes and Burges, "The MNIST database", section "File formats".
 *
 * @module
 */

import { DataError } from "../errors.ts";

/** An array of unsigned bytes as an IDX file holds it. */
export interface IdxArray {
  /** The dimensions, outermost first: `[count]` or `[count, height, width]`. */
  readonly shape: readonly number[];
  /** The values, last dimension fastest; as many as the product of {@link IdxArray.shape}. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/** What a file may hold at most: nearly three times MNIST's training images. */
const MAX_BYTES = 2 ** 27;

/** The most rows or columns of an image: more is a damaged header, not a picture of a digit. */
const MAX_SIDE = 4096;

/**
 * Reads an IDX array of unsigned bytes, gzip or plain; which of the two the first bytes decide.
 *
 * @param bytes The whole file.
 * @param name How messages call it, usually its path.
 * @param dimensions How many dimensions it must have: 1 for labels, 3 for images.
 * @throws {DataError} When the bytes are not exactly such an array.
 */
export async function parseIdx(
  bytes: Uint8Array,
  name: string,
  dimensions: 1 | 3,
): Promise<IdxArray> {
  const plain = isGzip(bytes) ? await gunzip(bytes, name) : bytes;
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  checkMagic(view, name, dimensions);
  const headerBytes = 4 + 4 * dimensions;
  if (plain.length < headerBytes) {
    throw refusal(name, `its header has ${headerBytes} bytes, got ${plain.length}`);
  }
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const length = checkedLength(shape, name);
  const data = plain.subarray(headerBytes);
  if (data.length !== length) {
    throw refusal(
      name,
      `its header says ${shape.join(" x ")} = ${length} bytes, got ${data.length}`,
    );
  }
  return { shape, data };
}

/**
 * Writes an array as an IDX file of unsigned bytes, not compressed.
 *
 * @throws {RangeError} When the data are not as many as the shape says.
 */
export function encodeIdx({ shape, data }: IdxArray): Uint8Array {
  const length = shape.reduce((product, size) => product * size, 1);
  if (data.length !== length) {
    throw new RangeError(
      `Cannot encode IDX: shape ${shape.join(" x ")} needs ${length} bytes, got ${data.length}.`,
    );
  }
  const bytes = new Uint8Array(4 + 4 * shape.length + length);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, UNSIGNED_BYTE);
  view.setUint8(3, shape.length);
  shape.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function gunzip(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      length += chunk.length;
      if (length > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    // The runtime reports a short file as a wrong checksum, so the two cannot be told apart.
    const cause = error instanceof Error ? error.message : String(error);
    throw refusal(name, `its gzip data are truncated or damaged (${cause})`);
  }
  if (length > MAX_BYTES) throw refusal(name, `it unpacks to more than ${MAX_BYTES} bytes`);
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function checkMagic(view: DataView, name: string, dimensions: number): void {
  if (view.byteLength < 4) {
    throw refusal(name, `an IDX file begins with 4 bytes, got ${view.byteLength}`);
  }
  const magic = view.getUint32(0);
  const hex = `0x${magic.toString(16).padStart(8, "0")}`;
  if (magic >>> 16 !== 0) {
    throw refusal(name, `an IDX file begins with two zero bytes, got ${hex}`);
  }
  if ((magic >>> 8 & 0xff) !== UNSIGNED_BYTE) {
    throw refusal(name, `only unsigned bytes (type 0x08) are read, got ${hex}`);
  }
  if ((magic & 0xff) !== dimensions) {
    const kind = dimensions === 1 ? "labels have 1 dimension" : "images have 3 dimensions";
    throw refusal(name, `${kind}, got ${magic & 0xff}`);
  }
}

function checkedLength(shape: readonly number[], name: string): number {
  const [count = 0, ...sides] = shape;
  const length = shape.reduce((product, size) => product * size, 1);
  const absurd = count < 1 || sides.some((side) => side < 1 || side > MAX_SIDE);
  if (absurd || length > MAX_BYTES) {
    throw refusal(
      name,
      `dimensions of 1 to ${MAX_SIDE} and at most ${MAX_BYTES} bytes are read, got ` +
        shape.join(" x "),
    );
  }
  return length;
}

function refusal(name: string, cause: string): DataError {
  return new DataError(
    `Cannot read ${name} as IDX: ${cause}. Bring an undamaged copy of the file.`,
  );
}
