/** Pictures of what a generator draws, and of how it got there. @module */

import type { Dataset } from "../data/types.ts";
import { tf } from "../deps.ts";
import { encodeGif, greySheet } from "../viz/gif.ts";
import { imageGrid } from "../viz/grid.ts";
import type { GeneratorTraining } from "./training.ts";

/** Images of one size with values in a range. */
export interface Drawn {
  /** `(N, H, W)`. */
  readonly images: Float32Array;
  /** Rows of an image. */
  readonly height: number;
  /** Columns of an image. */
  readonly width: number;
  /** The values drawn black and white. */
  readonly range: readonly [lo: number, hi: number];
}

/** The first training images, one row of all classes after the other; classes without enough repeat. */
export interface RealImages {
  /** `(rows · classes, H, W)`, in the generator's range. */
  readonly images: Float32Array;
  /** Rows. */
  readonly rows: number;
}

/** Takes `rows` training images of each class. */
export function realImages(
  { train, maxValue, classNames }: Dataset,
  rows: number,
  [lo, hi]: readonly [number, number],
): RealImages {
  const size = train.height * train.width;
  const places = classNames.map((_, label) =>
    [...train.labels.keys()].filter((i) => train.labels[i] === label)
  );
  const images = new Float32Array(rows * classNames.length * size).fill(lo);
  for (let row = 0; row < rows; row++) {
    places.forEach((own, label) => {
      if (own.length === 0) return;
      const at = own[row % own.length]! * size;
      const pixels = train.images.subarray(at, at + size);
      const scaled = Float32Array.from(pixels, (value) => lo + (hi - lo) * value / maxValue);
      images.set(scaled, (row * classNames.length + label) * size);
    });
  }
  return { images, rows };
}

/**
 * A PNG of drawn images, classes as columns, with real ones beneath.
 *
 * @param drawn As many rows of all classes as there are; without classes the columns mean nothing.
 * @param real What stands beneath.
 * @param classNames The names of the columns.
 * @param title A text above.
 * @param labelled Whether the columns of the drawn images are classes.
 */
export function sampleGrid(
  drawn: Drawn,
  real: RealImages,
  classNames: readonly string[],
  title: string,
  labelled: boolean,
): Uint8Array<ArrayBuffer> {
  const { height, width, range: [minValue, maxValue] } = drawn;
  const columns = classNames.length;
  const count = drawn.images.length / (height * width);
  const images = new Float32Array(drawn.images.length + real.images.length);
  images.set(drawn.images);
  images.set(real.images, drawn.images.length);
  const drawnRows = count / columns;
  return imageGrid({
    images,
    count: images.length / (height * width),
    height,
    width,
    minValue,
    maxValue,
    columns,
    ...(labelled && { columnLabels: classNames }),
    rowLabels: Array.from(
      { length: drawnRows + real.rows },
      (_, row) => row < drawnRows ? row === 0 ? "drawn" : "" : row === drawnRows ? "real" : "",
    ),
    title,
  });
}

/** Sides in pixels: of an image of a GIF, of its whole picture, and of what lies between images. */
const FILM = { image: 56, sheet: 1280, gap: 6 };
/** As light as the margins of the grids. */
const FILM_GROUND = 249;
/** How long a GIF takes from noise to images, in ms, and its shortest frame. */
const FILM_TIME = 2000;
const FILM_FRAME = 60;

/** A GIF of the way from noise to images, the last frame held. */
export function sampleGif(
  frames: readonly Float32Array[],
  { height, width, range: [minValue, maxValue] }: Omit<Drawn, "images">,
  columns: number,
): Uint8Array<ArrayBuffer> {
  const count = frames[0]!.length / (height * width);
  const side = Math.max(height, width);
  const largest = Math.min(FILM.image / side, FILM.sheet / (columns * side));
  const scale = Math.max(1, Math.floor(largest));
  const layout = { count, height, width, columns, minValue, maxValue, scale };
  const sheets = frames.map((images) =>
    greySheet(images, { ...layout, gap: FILM.gap, ground: FILM_GROUND })
  );
  const { width: sheetWidth, height: sheetHeight } = sheets[0]!;
  return encodeGif(sheets.map(({ data }) => data), {
    width: sheetWidth,
    height: sheetHeight,
    delay: Math.max(FILM_FRAME, FILM_TIME / frames.length),
  });
}

/** The shares of the way to noise that {@link forwardGrid} shows. */
const SHARES = [0, 0.25, 0.5, 0.75, 1];

/** A PNG of one real image of each class on its way to noise: a row for each quarter. */
export async function forwardGrid(
  noisy: NonNullable<GeneratorTraining["noisy"]>,
  real: RealImages,
  { height, width, range: [minValue, maxValue] }: Omit<Drawn, "images">,
  classNames: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const columns = classNames.length;
  const size = columns * height * width;
  const first = real.images.subarray(0, size);
  const images = new Float32Array(SHARES.length * size);
  images.set(first);
  const clean = tf.tensor4d(first, [columns, height, width, 1]);
  try {
    for (const [row, share] of SHARES.entries()) {
      if (share === 0) continue;
      const x = noisy(clean, share);
      images.set(await x.data(), row * size);
      x.dispose();
    }
  } finally {
    clean.dispose();
  }
  return imageGrid({
    images,
    count: SHARES.length * columns,
    height,
    width,
    minValue,
    maxValue,
    columns,
    columnLabels: classNames,
    rowLabels: SHARES.map((share) => `${share * 100} %`),
    title: "From image to noise, by share of the timesteps",
  });
}
