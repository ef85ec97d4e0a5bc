/** The pictures that a sampling task writes. @module */

import { join } from "../deps.ts";
import { DataError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { greySheet } from "../viz/gif.ts";
import { imageGrid } from "../viz/grid.ts";
import { encodePng } from "../viz/png.ts";
import { type Drawn, sampleGif } from "./pictures.ts";
import type { SampleOptions } from "./sample_options.ts";

/**
 * Makes the folder of the pictures.
 *
 * @throws {DataError} When the system refuses.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || !(error instanceof Error)) throw error;
    throw new DataError(
      `Cannot write pictures to ${path}: ${error.message}. Choose another folder with --out`,
    );
  }
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
  columns: number,
  classNames: readonly string[],
): Promise<string[]> {
  const { images, height, width, range: [minValue, maxValue] } = drawn;
  const size = height * width;
  const count = images.length / size;
  const common = { height, width, minValue, maxValue };
  const pictures: [string, Uint8Array][] = [[
    "samples.png",
    imageGrid({
      ...common,
      images,
      count,
      columns,
      ...(labels && { captions: labels.map((label) => classNames[label]!) }),
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
