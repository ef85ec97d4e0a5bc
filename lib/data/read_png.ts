/** PNG files of one's own. @module */

import { Buffer } from "node:buffer";
import { PNG } from "../deps.ts";
import { DataError } from "../errors.ts";
import { readIfThere } from "./files.ts";

/** A picture in colours. */
export interface Picture {
  /** Bytes of red, green, blue and opacity, shape `(height, width, 4)`. */
  readonly rgba: Uint8Array;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** Larger pictures are refused before anything is unpacked: a small file can claim any size. */
const MAX_PIXELS = 2 ** 26;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads a PNG file.
 *
 * @throws {DataError} When it is absent, unreadable, damaged, no PNG, or of more than 2^26 pixels.
 */
export async function readPng(path: string): Promise<Picture> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) {
    throw new DataError(`Cannot read ${path}: there is no such file. Name an existing PNG file.`);
  }
  checkHeader(bytes, path);
  try {
    const { data, width, height } = PNG.sync.read(Buffer.from(bytes));
    return { rgba: new Uint8Array(data), width, height };
  } catch {
    throw refusal(path, "its data are truncated or damaged");
  }
}

/** The signature, and the size in the first chunk, which is always the header. */
function checkHeader(bytes: Uint8Array, path: string): void {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    const start = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, "0")).join(" ");
    throw refusal(path, `a PNG file begins with 89 50 4e 47, got ${start || "an empty file"}`);
  }
  if (bytes.length < 24) {
    throw refusal(path, `it ends within its header, got ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width < 1 || height < 1 || width * height > MAX_PIXELS) {
    throw refusal(path, `at least 1 and at most ${MAX_PIXELS} pixels, got ${width}x${height}`);
  }
}

function refusal(path: string, cause: string): DataError {
  return new DataError(`Cannot read ${path} as PNG: ${cause}. Bring an undamaged PNG file.`);
}
