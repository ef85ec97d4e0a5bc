/**
 * Moving pictures: grey frames as a GIF file.
 *
 * @module
 */

import { GIFEncoder } from "../deps.ts";

/** Options of {@link encodeGif}. */
export interface GifOptions {
  /** Columns of every frame. */
  readonly width: number;
  /** Rows of every frame. */
  readonly height: number;
  /** How long a frame is shown, in ms, in steps of 10. @default 60 */
  readonly delay?: number;
  /** How long the last frame is shown, in ms. @default 2000 */
  readonly lastDelay?: number;
  /** Whether it begins again at its end. @default true */
  readonly loop?: boolean;
}

/** What of gifenc is used here; it comes without types. */
interface Encoder {
  writeFrame(
    index: Uint8Array,
    width: number,
    height: number,
    options: { palette?: readonly (readonly number[])[]; delay: number; repeat: number },
  ): void;
  finish(): void;
  bytes(): Uint8Array<ArrayBuffer>;
}

/** 16 bits of hundredths of a second. */
const LONGEST_DELAY = 655_350;
/** A GIF's sides have 16 bits. */
const LONGEST_SIDE = 65_535;

/**
 * Writes grey frames as a GIF file. The same frames give the same bytes.
 *
 * @param frames Values from 0 (black) to 255, `(height, width)`, at least one frame.
 * @param options Size and timing.
 * @throws {RangeError} When there is no frame, one has another size, or an option is out of range.
 *
 * @example A square that turns white
 * ```ts
 * import { encodeGif } from "./gif.ts";
 * import assert from "node:assert/strict";
 *
 * const frames = [0, 128, 255].map((grey) => new Uint8Array(64).fill(grey));
 * const file = encodeGif(frames, { width: 8, height: 8 });
 * assert.equal(new TextDecoder().decode(file.subarray(0, 6)), "GIF89a");
 * ```
 */
export function encodeGif(
  frames: readonly Uint8Array[],
  options: GifOptions,
): Uint8Array<ArrayBuffer> {
  const { width, height, delay = 60, lastDelay = 2000, loop = true } = options;
  check(frames, { width, height, delay, lastDelay });
  const encoder = (GIFEncoder as () => Encoder)();
  frames.forEach((frame, i) => {
    const isLast = i === frames.length - 1;
    encoder.writeFrame(frame, width, height, {
      // The first frame's palette is that of all.
      ...(i === 0 && { palette: Array.from({ length: 256 }, (_, grey) => [grey, grey, grey]) }),
      delay: isLast ? lastDelay : delay,
      repeat: loop ? 0 : -1,
    });
  });
  encoder.finish();
  return encoder.bytes();
}

function check(
  frames: readonly Uint8Array[],
  { width, height, delay, lastDelay }: Required<Omit<GifOptions, "loop">>,
): void {
  for (const [name, side] of Object.entries({ width, height })) {
    if (!Number.isInteger(side) || side < 1 || side > LONGEST_SIDE) {
      throw new RangeError(
        `Cannot write a GIF: ${name} must be an integer from 1 to ${LONGEST_SIDE}, got ${side}.`,
      );
    }
  }
  for (const [name, time] of Object.entries({ delay, lastDelay })) {
    if (!(time >= 0 && time <= LONGEST_DELAY)) {
      throw new RangeError(
        `Cannot write a GIF: ${name} must be from 0 to ${LONGEST_DELAY} ms, got ${time}.`,
      );
    }
  }
  if (frames.length === 0) {
    throw new RangeError("Cannot write a GIF: there must be a frame, got none.");
  }
  const odd = frames.find(({ length }) => length !== width * height);
  if (odd) {
    throw new RangeError(
      `Cannot write a GIF: a frame of ${width} x ${height} needs ${width * height} bytes, got ` +
        `${odd.length}.`,
    );
  }
}

/** Options of {@link greySheet}. */
export interface GreySheetOptions {
  /** Number of images. */
  readonly count: number;
  /** Rows of an image. */
  readonly height: number;
  /** Columns of an image. */
  readonly width: number;
  /** Images in a row of the sheet. */
  readonly columns: number;
  /** The value drawn black; smaller ones and NaN too. @default 0 */
  readonly minValue?: number;
  /** The value drawn white; larger ones too. */
  readonly maxValue: number;
  /** Pixels per value, in both directions. @default 1 */
  readonly scale?: number;
  /** Pixels between images. @default 2 */
  readonly gap?: number;
  /** The grey of what lies between images, from 0 to 255. @default 0 */
  readonly ground?: number;
}

/** A grey picture, as {@link encodeGif} takes it. */
export interface GreySheet {
  /** Values from 0 to 255, `(height, width)`. */
  readonly data: Uint8Array;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** Puts images `(count, height, width)` side by side on a sheet, row after row. */
export function greySheet(images: ArrayLike<number>, options: GreySheetOptions): GreySheet {
  const { count, height, width, columns, minValue = 0, maxValue } = options;
  const { scale = 1, gap = 2, ground = 0 } = options;
  const rows = Math.ceil(count / columns);
  const sheetWidth = columns * (width * scale + gap) - gap;
  const sheetHeight = rows * (height * scale + gap) - gap;
  const data = new Uint8Array(sheetWidth * sheetHeight).fill(ground);
  const toByte = 255 / (maxValue - minValue);
  for (let i = 0; i < count; i++) {
    const left = (i % columns) * (width * scale + gap);
    const top = Math.floor(i / columns) * (height * scale + gap);
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const place = (i * height + Math.floor(y / scale)) * width + Math.floor(x / scale);
        const grey = Math.round((images[place]! - minValue) * toByte);
        data[(top + y) * sheetWidth + left + x] = Math.min(255, Math.max(0, grey || 0));
      }
    }
  }
  return { data, width: sheetWidth, height: sheetHeight };
}
