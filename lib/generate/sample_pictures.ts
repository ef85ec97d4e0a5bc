/** The pictures that a sampling task writes. @module */

import { join } from "../deps.ts";
import { DataError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { greySheet } from "../viz/gif.ts";
import { imageGrid } from "../viz/grid.ts";
import { encodePng } from "../viz/png.ts";
import { type Drawn, sampleGif } from "./pictures.ts";
import type { SampleOptions } from "./sample_options.ts";

/** More images than this are drawn small, on a square sheet, without captions. */
const MANY = 200;

/** As many columns as there are classes, where they come again and again; else ten, or a square. */
function columnsOf(count: number, labels: readonly number[] | undefined): number {
  if (count > MANY) return Math.ceil(Math.sqrt(count));
  const period = labels ? labels.indexOf(labels[0]!, 1) : -1;
  return Math.min(count, period > 1 && period <= 12 ? period : 10);
}

/**
 * Writes a picture of all images, a GIF of the frames if there are any, and each image by itself if that
 * is asked for.
 *
 * @returns The files, the picture of all first.
 * @throws {DataError} When the system refuses.
 */
export async function writePictures(
  { out, singles }: Pick<SampleOptions, "out" | "singles">,
  drawn: Drawn,
  frames: readonly Float32Array[],
  labels: readonly number[] | undefined,
  classNames: readonly string[],
): Promise<string[]> {
  const { images, height, width, range: [minValue, maxValue] } = drawn;
  const size = height * width;
  const count = images.length / size;
  const columns = columnsOf(count, labels);
  const isLarge = count > MANY;
  const pictures: [string, Uint8Array][] = [[
    "samples.png",
    imageGrid({
      height,
      width,
      minValue,
      maxValue,
      images,
      count,
      columns,
      ...(isLarge && { scale: 1 }),
      ...(labels && !isLarge && { captions: labels.map((label) => classNames[label]!) }),
    }),
  ]];
  if (frames.length > 1) pictures.push(["samples.gif", sampleGif(frames, drawn, columns)]);
  if (singles) {
    for (let i = 0; i < count; i++) {
      const label = labels ? `-${labels[i]}` : "";
      const name = `${String(i).padStart(4, "0")}${label}.png`;
      pictures.push([name, greyPng(drawn, i)]);
    }
  }
  const files: string[] = [];
  for (const [name, content] of pictures) {
    const path = join(out, name);
    try {
      await writeFileAtomic(path, content);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
      throw new DataError(
        `Cannot write ${path}: ${error.message}. Choose another folder with --out`,
      );
    }
    files.push(path);
  }
  return files;
}

/** The `i`-th image, pixel by pixel. */
function greyPng({ images, height, width, range }: Drawn, i: number): Uint8Array {
  const size = height * width;
  const [minValue, maxValue] = range;
  const sheet = greySheet(images.subarray(i * size, (i + 1) * size), {
    count: 1,
    height,
    width,
    columns: 1,
    minValue,
    maxValue,
  });
  return encodePng({ ...sheet, channels: 1 });
}
