/**
 * The images and labels of a batch, gathered from bytes on the GPU and deformed at random on the way.
 *
 * A workgroup makes an image: what the image's deformation needs, its random numbers, a sine and a
 * cosine, is computed once a workgroup, and its pixels are shared out among the invocations.
 *
 * @module
 */

import { type Augmentation, checkAugmentation, gaussian } from "../../data/augment.ts";
import type { TensorInfo } from "../../tensor.ts";
import { type Deformed, STREAM_UNIFORMS, streamOf } from "./elastic_rows.ts";
import { runInto, type Shader } from "./several.ts";

const LANES = 64;

/** Which pixel values become what. */
export interface PixelScale {
  /** The pixel value of full ink. */
  readonly maxValue: number;
  /** What no ink and full ink become. */
  readonly range: readonly [number, number];
}

/** Where a batch is gathered from. */
export interface Source {
  /** Bytes, four to a word, int32. */
  readonly pixels: TensorInfo;
  /** One for each image, int32. */
  readonly labels: TensorInfo;
  /** The order of the epoch, int32. */
  readonly order: TensorInfo;
  /** The step, int32, shape `[1]`. */
  readonly step: TensorInfo;
  /** What `elasticRows` wrote, where images are bent. */
  readonly rows?: TensorInfo;
}

/**
 * Writes the batch of the step that the source's `step` shows.
 *
 * The deformation is that of `warpImage` in `lib/data/warp.ts`, in float32 and not rounded to bytes.
 *
 * @param source Where from.
 * @param batch Which images, and their random stream.
 * @param scale What pixel values become.
 * @param augmentation How far images are deformed; elastic where the source has rows.
 * @param images Where images go, `(size, H, W, 1)`.
 * @param labels Where labels go, `(size)`, int32.
 */
export function gatherBatch(
  source: Source,
  batch: Deformed,
  scale: PixelScale,
  augmentation: Augmentation | undefined,
  images: TensorInfo,
  labels: TensorInfo,
): void {
  const { height, width, size, steps, batchSize } = batch;
  const [low, high] = scale.range;
  const factor = ((high - low) / scale.maxValue).toPrecision(9);
  const { pixels, order, step, rows } = source;
  const { elastic } = augmentation ?? {};
  const shader: Shader = {
    key: `gather_batch_${height}_${width}_${JSON.stringify([scale, augmentation])}`,
    inputs: {
      pixels: "i32",
      classes: "i32",
      order: "i32",
      step: "i32",
      ...(rows && { rows: "f32" }),
    },
    outputs: { images: "f32", labels: "i32" },
    uniforms: ["steps", "batchSize", ...(augmentation ? STREAM_UNIFORMS : [])],
    lanes: LANES,
    code: `${augmentation ? streamOf(batch) + resampling(batch) : ""}
    ${elastic ? smoothing(batch, elastic.sigma) : ""}
    fn pixelAt(index : i32) -> f32 {
      return f32((u32(pixels[index / 4]) >> u32(index % 4 * 8)) & 255u);
    }

    fn main(block : i32) {
      let lane = i32(localId.x);
      let now = step[0];
      let image = order[now % uniforms.steps * uniforms.batchSize + block];
      let first = image * ${height * width};
      if (lane == 0) { labels[block] = classes[image]; }
      ${augmentation ? drawing(augmentation) : ""}
      for (var p = lane; p < ${height * width}; p += ${LANES}) {
        ${augmentation ? looking(batch, augmentation) : "let value = pixelAt(first + p);"}
        images[block * ${height * width} + p] = value * ${factor}f + ${low.toPrecision(9)}f;
      }
    }`,
  };
  runInto(
    shader,
    [pixels, source.labels, order, step, ...(rows ? [rows] : [])],
    [images, labels],
    [steps, batchSize, ...(augmentation ? batch.stream : [])],
    size,
  );
}

/** What is drawn for an image. */
function drawing(augmentation: Augmentation): string {
  const { shift, rotate, scale } = checkAugmentation(augmentation);
  return `
      let words = wordsOf(image, now / uniforms.steps + 1, 0);
      let spread = vec4<f32>(words >> vec4<u32>(8u)) * ${2 ** -23}f - 1.0;
      let moved = spread.xy * ${shift.toPrecision(9)}f;
      let angle = spread.z * ${(rotate * Math.PI / 180).toPrecision(9)}f;
      let shrink = 1.0 / (1.0 + spread.w * ${scale.toPrecision(9)}f);
      let turn = vec2<f32>(cos(angle), sin(angle)) * shrink;`;
}

/** Where a pixel of the result looks, and the value that it finds there. */
function looking({ height, width }: Deformed, { elastic }: Augmentation): string {
  const centre = `vec2<f32>(${((width - 1) / 2).toFixed(1)}, ${((height - 1) / 2).toFixed(1)})`;
  const field = elastic && `
        let line = (block * 2) * ${height * width} + p % ${width};
        let row = p / ${width};
        at += vec2<f32>(smoothed(line, row), smoothed(line + ${height * width}, row));`;
  return `var at = vec2<f32>(vec2<i32>(p % ${width}, p / ${width})) - ${centre} - moved;
        ${field ?? ""}
        let place = ${centre} +
          vec2<f32>(turn.x * at.x - turn.y * at.y, turn.y * at.x + turn.x * at.y);
        let value = between(first, place);`;
}

/** Bilinear interpolation; zero outside. */
function resampling({ height, width }: Deformed): string {
  return `
    fn inside(first : i32, column : i32, row : i32) -> f32 {
      let isIn = column >= 0 && column < ${width} && row >= 0 && row < ${height};
      // Not select(): a place outside must not be read.
      if (!isIn) { return 0.0; }
      return pixelAt(first + row * ${width} + column);
    }

    fn between(first : i32, place : vec2<f32>) -> f32 {
      let corner = floor(place);
      let part = place - corner;
      // Far outside, where a float may not fit an integer.
      let near = vec2<i32>(clamp(corner, vec2<f32>(-2.0), vec2<f32>(${width}.0, ${height}.0)));
      let upper = mix(inside(first, near.x, near.y), inside(first, near.x + 1, near.y), part.x);
      let lower =
        mix(inside(first, near.x, near.y + 1), inside(first, near.x + 1, near.y + 1), part.x);
      return mix(upper, lower, part.y);
    }`;
}

/** `fn smoothed(line : i32, row : i32) -> f32`: the field, smoothed along a column of `rows`. */
function smoothing({ height, width }: Deformed, sigma: number): string {
  const weights = gaussian(sigma);
  const radius = weights.length >> 1;
  const terms = Array.from(weights, (weight, i) => {
    const from = `row + ${i - radius}`;
    return `if (${from} >= 0 && ${from} < ${height}) {
        sum += rows[line + (${from}) * ${width}] * ${weight.toPrecision(9)}f;
      }`;
  });
  return `
    fn smoothed(line : i32, row : i32) -> f32 {
      var sum = 0.0;
      ${terms.join("\n      ")}
      return sum;
    }`;
}
