/**
 * Many small images on one sheet, with captions: test images and what a network takes them for,
 * contact sheets of a data set, samples of a generator by class.
 *
 * @module
 */

import { LINE_HEIGHT, measureText, type TextSize } from "./font.ts";
import { Canvas, encodePng, type Rgb } from "./png.ts";

/** What {@link imageGrid} draws. */
export interface ImageGridOptions {
  /** Pixels row by row, shape `(count, height, width)`, values `minValue..maxValue`. */
  readonly images: Uint8Array | Float32Array;
  /** How many images. */
  readonly count: number;
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
  /**
   * The value drawn black; smaller ones and NaN too.
   *
   * @default {0}
   */
  readonly minValue?: number;
  /** The value drawn white; larger ones too. */
  readonly maxValue: number;
  /** How many images stand side by side. */
  readonly columns: number;
  /**
   * The side of an image's pixel on the sheet.
   *
   * @default As large as keeps an image within 84 pixels.
   */
  readonly scale?: number;
  /**
   * The side of a font pixel on the sheet.
   *
   * @default {2}
   */
  readonly textScale?: number;
  /** A text under each image, one or more lines, by image. */
  readonly captions?: readonly string[];
  /** The colour of each caption and of the bar above it, by image; see {@link CAPTION_COLORS}. */
  readonly captionColors?: readonly Rgb[];
  /** A text at the left of each row. */
  readonly rowLabels?: readonly string[];
  /** A text above each column. */
  readonly columnLabels?: readonly string[];
  /** A text above everything. */
  readonly title?: string;
}

/**
 * Colours for captions: both are dark enough for text on the sheet, and stay different from each
 * other for colour-blind readers. Say it in the caption too: `"✓ 7"`, `"✗ 4→9"`.
 */
export const CAPTION_COLORS: { readonly right: Rgb; readonly wrong: Rgb; readonly plain: Rgb } = {
  right: [0, 90, 160],
  wrong: [178, 58, 0],
  plain: [34, 38, 46],
};

const PAPER: Rgb = [250, 249, 246];
const FRAME: Rgb = [168, 168, 164];
const MUTED: Rgb = [92, 96, 104];

/** Sizes in pixels. */
const MARGIN = 16;
const GAP = 12;
const IMAGE_SIDE = 84;
const BAR = 4;

/** Where things stand on the sheet, in pixels. */
interface Layout {
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly left: number;
  readonly top: number;
  readonly sheetWidth: number;
  readonly sheetHeight: number;
}

/**
 * Draws images on a sheet with its own light background, so that it can be read on any page.
 *
 * @returns The bytes of a PNG file; the same input gives the same bytes.
 * @throws {RangeError} When the images do not fill `(count, height, width)`, a size is not a
 * positive integer, `maxValue` is not above `minValue`, or a list of texts has the wrong length.
 */
export function imageGrid(options: ImageGridOptions): Uint8Array<ArrayBuffer> {
  checkOptions(options);
  const { images, count, height, width, columns, captions, captionColors } = options;
  const { minValue = 0, maxValue, textScale = 2 } = options;
  const scale = options.scale ?? Math.max(1, Math.floor(IMAGE_SIDE / Math.max(width, height)));
  const layout = layOut(options, scale, textScale);
  const canvas = new Canvas(layout.sheetWidth, layout.sheetHeight, PAPER);

  for (let i = 0; i < count; i++) {
    const cellX = layout.left + (i % columns) * (layout.cellWidth + GAP);
    const cellY = layout.top + Math.floor(i / columns) * (layout.cellHeight + GAP);
    const x = cellX + Math.floor((layout.cellWidth - width * scale) / 2);
    const values = images.subarray(i * height * width, (i + 1) * height * width);
    canvas.fillRect(x - 1, cellY - 1, width * scale + 2, height * scale + 2, FRAME);
    canvas.blit({ values, width, height, minValue, maxValue }, x, cellY, scale);

    const below = cellY + height * scale;
    const color = captionColors?.[i];
    if (color) canvas.fillRect(x - 1, below + 1, width * scale + 2, BAR, color);
    const place = { x: cellX, y: below + BAR + 2 * textScale, width: layout.cellWidth };
    centredText(canvas, captions?.[i] ?? "", place, color ?? CAPTION_COLORS.plain, textScale);
  }
  drawLabels(canvas, options, layout, height * scale, textScale);
  return encodePng(canvas);
}

function layOut(options: ImageGridOptions, scale: number, textScale: number): Layout {
  const { count, height, width, columns, captions = [] } = options;
  const { rowLabels = [], columnLabels = [], title = "" } = options;
  const size = (texts: readonly string[]): TextSize => {
    const sizes = texts.map((text) => measureText(text, textScale));
    return {
      width: Math.max(0, ...sizes.map((s) => s.width)),
      height: Math.max(0, ...sizes.map((s) => s.height)),
    };
  };
  const spaced = (length: number) => length === 0 ? 0 : length + GAP;
  const caption = size(captions);
  const above = size(columnLabels);
  const heading = size([title]);
  const cellWidth = Math.max(width * scale, caption.width, above.width);
  const cellHeight = height * scale +
    (caption.height === 0 ? 0 : BAR + 2 * textScale + caption.height);
  const left = MARGIN + spaced(size(rowLabels).width);
  const top = MARGIN + spaced(heading.height) + spaced(above.height);
  const rows = Math.ceil(count / columns);
  const right = left + columns * (cellWidth + GAP) - GAP;
  return {
    cellWidth,
    cellHeight,
    left,
    top,
    sheetWidth: Math.max(right, MARGIN + heading.width) + MARGIN,
    sheetHeight: top + rows * (cellHeight + GAP) - GAP + MARGIN,
  };
}

function drawLabels(
  canvas: Canvas,
  options: ImageGridOptions,
  layout: Layout,
  imageHeight: number,
  textScale: number,
): void {
  const { rowLabels = [], columnLabels = [], title = "" } = options;
  canvas.text(title, MARGIN, MARGIN, CAPTION_COLORS.plain, textScale);
  columnLabels.forEach((label, c) => {
    const x = layout.left + c * (layout.cellWidth + GAP);
    const y = layout.top - GAP - measureText(label, textScale).height;
    centredText(canvas, label, { x, y, width: layout.cellWidth }, MUTED, textScale);
  });
  rowLabels.forEach((label, r) => {
    const y = layout.top + r * (layout.cellHeight + GAP);
    const offset = Math.floor((imageHeight - measureText(label, textScale).height) / 2);
    canvas.text(label, MARGIN, y + Math.max(0, offset), MUTED, textScale);
  });
}

/** Writes each line in the middle of a strip that starts at `(x, y)`. */
function centredText(
  canvas: Canvas,
  text: string,
  { x, y, width }: { x: number; y: number; width: number },
  color: Rgb,
  scale: number,
): void {
  text.split("\n").forEach((line, l) => {
    const indent = Math.floor((width - measureText(line, scale).width) / 2);
    canvas.text(line, x + indent, y + l * LINE_HEIGHT * scale, color, scale);
  });
}

function checkOptions(options: ImageGridOptions): void {
  const { images, count, height, width, columns, scale = 1, textScale = 1 } = options;
  for (const [name, value] of Object.entries({ count, height, width, columns, scale, textScale })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(
        `Cannot draw the images: ${name} must be a positive integer, got ${value}.`,
      );
    }
  }
  if (images.length !== count * height * width) {
    throw new RangeError(
      `Cannot draw the images: ${count} x ${height} x ${width} needs ` +
        `${count * height * width} values, got ${images.length}.`,
    );
  }
  const { minValue = 0, maxValue } = options;
  if (!(maxValue > minValue)) {
    throw new RangeError(
      `Cannot draw the images: maxValue must be above minValue, got ${minValue}..${maxValue}.`,
    );
  }
  const { captions, captionColors, rowLabels, columnLabels } = options;
  const rows = Math.ceil(count / columns);
  checkLength("captions", captions, count);
  checkLength("captionColors", captionColors, count);
  checkLength("rowLabels", rowLabels, rows);
  checkLength("columnLabels", columnLabels, columns);
}

function checkLength(name: string, list: readonly unknown[] | undefined, expected: number): void {
  if (list && list.length !== expected) {
    throw new RangeError(
      `Cannot draw the images: ${name} must have ${expected} entries, got ${list.length}.`,
    );
  }
}
