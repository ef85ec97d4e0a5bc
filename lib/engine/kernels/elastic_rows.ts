/**
 * The first half of the elastic fields of a batch: noise, smoothed along the rows.
 *
 * A Gaussian blur is separable. An invocation draws the noise of a row and smooths it; whoever reads
 * the field smooths along the columns, so that one dispatch is enough here.
 *
 * @module
 */

import { blocksPerImage, type Elastic, gaussian } from "../../data/augment.ts";
import type { TensorInfo } from "../../tensor.ts";
import { PHILOX } from "../philox.ts";
import { runInto, type Shader } from "./several.ts";

const LANES = 64;

/** The images of a batch, and the random stream that they are deformed by. */
export interface Deformed {
  /** Images in the batch. */
  readonly size: number;
  /** Rows of an image. */
  readonly height: number;
  /** Columns of an image. */
  readonly width: number;
  /** Steps in an epoch. */
  readonly steps: number;
  /** Images in a whole batch. */
  readonly batchSize: number;
  /** Key and path of the stream, as four words. */
  readonly stream: readonly number[];
}

/** Names of the uniforms of {@link streamOf}, whose values are a {@link Deformed}'s `stream`. */
export const STREAM_UNIFORMS = ["key0", "key1", "path0", "path1"] as const;

/**
 * `fn wordsOf(image : i32, epoch : i32, block : i32) -> vec4<u32>`: block `block` of an image's
 * numbers; see `blocksPerImage`.
 */
export function streamOf({ height, width }: Pick<Deformed, "height" | "width">): string {
  return `${PHILOX}
  fn wordsOf(image : i32, epoch : i32, block : i32) -> vec4<u32> {
    let first = u32(image) * ${blocksPerImage(height, width)}u;
    let path = vec2<u32>(u32(uniforms.path0), u32(uniforms.path1));
    return philox(
      vec4<u32>(first + u32(block), u32(epoch), path),
      vec2<u32>(u32(uniforms.key0), u32(uniforms.key1)),
    );
  }`;
}

/**
 * Writes the noise of the step that `step` shows, smoothed along the rows.
 *
 * @param order The order of the epoch, int32.
 * @param step The step, int32, shape `[1]`.
 * @param batch The images.
 * @param elastic Strength and width of the field.
 * @param rows Where it goes, `(size, 2, H, W)`: right and down.
 */
export function elasticRows(
  order: TensorInfo,
  step: TensorInfo,
  batch: Deformed,
  { alpha, sigma }: Elastic,
  rows: TensorInfo,
): void {
  const { height, width, size } = batch;
  const weights = gaussian(sigma);
  const radius = weights.length >> 1;
  const shader: Shader = {
    key: `elastic_rows_${height}_${width}_${alpha}_${sigma}`,
    inputs: { order: "i32", step: "i32" },
    outputs: { rows: "f32" },
    uniforms: ["size", "steps", "batchSize", ...STREAM_UNIFORMS],
    lanes: LANES,
    code: `${streamOf(batch)}
    fn main(block : i32) {
      let line = block * ${LANES} + i32(localId.x);
      if (line >= uniforms.size * ${2 * height}) { return; }
      let now = step[0];
      let place = now % uniforms.steps * uniforms.batchSize + line / ${2 * height};
      let image = order[place];
      let epoch = now / uniforms.steps + 1;
      // Zeros on both sides spare the sums any bounds.
      var noise : array<f32, ${width + 2 * radius}>;
      var words : vec4<u32>;
      for (var column = 0; column < ${width}; column++) {
        let number = line % ${2 * height} * ${width} + column;
        if (column == 0 || number % 4 == 0) { words = wordsOf(image, epoch, 1 + number / 4); }
        let unit = f32(words[number % 4] >> 8u) * ${2 ** -24}f;
        noise[${radius} + column] = ${(2 * alpha).toPrecision(9)}f * unit - ${
      alpha.toPrecision(9)
    }f;
      }
      for (var column = 0; column < ${width}; column++) {
        var sum = 0.0;
        ${
      Array.from(weights, (w, i) => `sum += noise[column + ${i}] * ${w.toPrecision(9)}f;`)
        .join("\n        ")
    }
        rows[line * ${width} + column] = sum;
      }
    }`,
  };
  const numbers = [size, batch.steps, batch.batchSize, ...batch.stream];
  runInto(shader, [order, step], [rows], numbers, Math.ceil(size * 2 * height / LANES));
}
