/**
 * Pictures out of pixels: a small canvas to draw on, and PNG files.
 *
 * @module
 */

import { PNG } from "../deps.ts";
import { ADVANCE, GLYPH_HEIGHT, GLYPH_WIDTH, glyphRows, LINE_HEIGHT } from "./font.ts";

/** A colour: red, green and blue, each `0..255`. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** A picture as bytes. */
export interface Pixels {
  /** Row by row from the top, shape `(height, width, channels)`. */
  readonly data: Uint8Array;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: 1 | 3;
}

/** The values of the PNG header's colour type, by number of channels. */
const COLOR_TYPE = { 1: 0, 3: 2 } as const;

/**
 * Writes a picture as a PNG file. The same pixels give the same bytes.
 *
 * @throws {RangeError} When the sides are not positive integers or do not fit the data.
 */
export function encodePng({ data, width, height, channels }: Pixels): Uint8Array<ArrayBuffer> {
  if (!isPositiveInteger(width) || !isPositiveInteger(height)) {
    throw new RangeError(
      `Cannot write a PNG: its sides must be positive integers, got ${width} x ${height}.`,
    );
  }
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `Cannot write a PNG: ${width} x ${height} x ${channels} needs ` +
        `${width * height * channels} bytes, got ${data.length}.`,
    );
  }
  const colorType = COLOR_TYPE[channels];
  const format = { colorType, inputColorType: colorType, inputHasAlpha: false };
  const png = new PNG({ width, height, ...format });
  png.data = data;
  return new Uint8Array(PNG.sync.write(png, format));
}

/** A grey image to be drawn with {@link Canvas.blit}. */
export interface GreyImage {
  /** Values row by row, shape `(height, width)`. */
  readonly values: ArrayLike<number>;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /**
   * The value drawn black; smaller ones and NaN too.
   *
   * @default {0}
   */
  readonly minValue?: number;
  /** The value drawn white; larger ones too. */
  readonly maxValue: number;
}

/** A picture to draw on. What falls outside of it is cut off. */
export class Canvas implements Pixels {
  /** The pixels, shape `(height, width, 3)`. */
  readonly data: Uint8Array;
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Red, green and blue. */
  readonly channels = 3;

  /** Makes a canvas of one colour. */
  constructor(width: number, height: number, background: Rgb) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height * 3);
    this.fillRect(0, 0, width, height, background);
  }

  /** Fills a rectangle, given by its left upper corner and its sides, in pixels. */
  fillRect(x: number, y: number, width: number, height: number, color: Rgb): void {
    const left = Math.max(0, x);
    const right = Math.min(this.width, x + width);
    const bottom = Math.min(this.height, y + height);
    for (let row = Math.max(0, y); row < bottom; row++) {
      for (let column = left; column < right; column++) {
        this.data.set(color, (row * this.width + column) * 3);
      }
    }
  }

  /** Draws a grey image with its left upper corner at `(x, y)`, each value as a square. */
  blit(image: GreyImage, x: number, y: number, scale: number): void {
    const { values, width, height, minValue = 0, maxValue } = image;
    const toByte = 255 / (maxValue - minValue);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const value = (values[row * width + column]! - minValue) * toByte;
        const grey = Math.round(Math.min(255, Math.max(0, value || 0)));
        this.fillRect(x + column * scale, y + row * scale, scale, scale, [grey, grey, grey]);
      }
    }
  }

  /**
   * Writes text with the upper left corner of its first character at `(x, y)`.
   *
   * @param text One or more lines, separated by line feeds.
   * @param scale The side of a font pixel, in pixels.
   */
  text(text: string, x: number, y: number, color: Rgb, scale: number): void {
    text.split("\n").forEach((line, l) => {
      [...line].forEach((character, c) => {
        this.#glyph(
          character,
          x + c * ADVANCE * scale,
          y + l * LINE_HEIGHT * scale,
          color,
          scale,
        );
      });
    });
  }

  #glyph(character: string, x: number, y: number, color: Rgb, scale: number): void {
    const rows = glyphRows(character);
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if ((rows[row]! >> (GLYPH_WIDTH - 1 - column)) & 1) {
          this.fillRect(x + column * scale, y + row * scale, scale, scale, color);
        }
      }
    }
  }
}

function isPositiveInteger(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}
