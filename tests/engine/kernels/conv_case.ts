/** Convolutions for tests, and their definition. @module */

import { tf } from "../../../lib/deps.ts";
import type { Random } from "../../../lib/random.ts";

/** A convolution; pairs are (height, width). */
export interface ConvCase {
  /** Images. */
  readonly batch: number;
  /** Of an image. */
  readonly size: readonly [number, number];
  /** Of the images and of the output. */
  readonly channels: readonly [input: number, output: number];
  /** Of the filter. */
  readonly filter: readonly [number, number];
  /** From one output to the next. */
  readonly stride: readonly [number, number];
  /** On all sides, or on each. */
  readonly pad: "same" | "valid" | number | Sides;
  /** From one weight to the next. @default [1, 1] */
  readonly dilation?: readonly [number, number];
}

/** Padding on each side. */
export type Sides = readonly [top: number, bottom: number, left: number, right: number];

/** The values that a convolution and its gradients work on. */
export interface ConvInputs {
  /** Images, `(N, H, W, in)`. */
  readonly x: Float32Array;
  /** The filter, `(kh, kw, in, out)`. */
  readonly filter: Float32Array;
  /** The gradient of the output, `(N, outH, outW, out)`. */
  readonly dy: Float32Array;
}

/** The shapes of {@link ConvInputs}. */
export interface ConvShapes {
  /** `(N, H, W, in)` */
  readonly x: Shape;
  /** `(kh, kw, in, out)` */
  readonly filter: Shape;
  /** `(N, outH, outW, out)` */
  readonly dy: Shape;
}

/** Lengths of four axes. */
export type Shape = [number, number, number, number];

/** What tfjs's convolution kernels want to know. */
export interface Attributes {
  /** (height, width) */
  readonly strides: [number, number];
  /** By name, or explicit for each of the four axes. */
  readonly pad: tf.Conv2DAttrs["pad"];
  /** Channels last. */
  readonly dataFormat: "NHWC";
  /** (height, width) */
  readonly dilations: [number, number];
}

/** Output length and padding in front along axis 0 (height) or 1 (width). */
function along(axis: 0 | 1, c: ConvCase): { out: number; before: number } {
  const size = c.size[axis];
  const stride = c.stride[axis];
  const extent = (c.filter[axis] - 1) * (c.dilation?.[axis] ?? 1) + 1;
  if (c.pad === "same") {
    // As TensorFlow defines it: what is odd goes behind.
    const out = Math.ceil(size / stride);
    return { out, before: Math.floor(Math.max(0, (out - 1) * stride + extent - size) / 2) };
  }
  const [before, after] = paddingAlong(axis, c.pad);
  return { out: Math.floor((size + before + after - extent) / stride) + 1, before };
}

function paddingAlong(axis: 0 | 1, pad: Exclude<ConvCase["pad"], "same">): [number, number] {
  if (pad === "valid") return [0, 0];
  if (typeof pad === "number") return [pad, pad];
  const [top, bottom, left, right] = pad;
  return axis === 0 ? [top, bottom] : [left, right];
}

/** The shapes of the images, the filter and the output. */
export function shapesOf(c: ConvCase): ConvShapes {
  return {
    x: [c.batch, ...c.size, c.channels[0]],
    filter: [...c.filter, ...c.channels],
    dy: [c.batch, along(0, c).out, along(1, c).out, c.channels[1]],
  };
}

/** A case as tfjs's kernels are told of it. */
export function attributesOf(c: ConvCase): Attributes {
  const { pad } = c;
  return {
    strides: [...c.stride],
    // Padding as one number makes tfjs use the height's filter and stride for the width too.
    pad: typeof pad === "string"
      ? pad
      : [[0, 0], paddingAlong(0, pad), paddingAlong(1, pad), [0, 0]],
    dataFormat: "NHWC",
    dilations: [...(c.dilation ?? [1, 1])] as [number, number],
  };
}

/** Values from [-1, 1) for all of a case. */
export function inputsOf(c: ConvCase, random: Random): ConvInputs {
  const [x, filter, dy] = Object.values(shapesOf(c)).map((shape: number[]) => {
    const values = new Float32Array(tf.util.sizeFromShape(shape));
    random.fillUniform(values, -1, 1);
    return values;
  });
  return { x: x!, filter: filter!, dy: dy! };
}

/**
 * Visits all products of the definition, as the places of the pixel, the weight and the output that
 * they belong to. There is none where the filter hangs over the edge of the image.
 */
export function forEachProduct(
  c: ConvCase,
  visit: (x: number, weight: number, y: number) => void,
): void {
  const [H, W] = c.size;
  const [CI, CO] = c.channels;
  const [KH, KW] = c.filter;
  const [, OH, OW] = shapesOf(c).dy;
  const top = along(0, c).before;
  const left = along(1, c).before;
  const [dilationH, dilationW] = c.dilation ?? [1, 1];
  for (let b = 0; b < c.batch; b++) {
    for (let oh = 0; oh < OH; oh++) {
      for (let ow = 0; ow < OW; ow++) {
        for (let kh = 0; kh < KH; kh++) {
          for (let kw = 0; kw < KW; kw++) {
            const ih = oh * c.stride[0] + kh * dilationH - top;
            const iw = ow * c.stride[1] + kw * dilationW - left;
            if (ih < 0 || ih >= H || iw < 0 || iw >= W) continue;
            for (let ci = 0; ci < CI; ci++) {
              const x = ((b * H + ih) * W + iw) * CI + ci;
              const weight = ((kh * KW + kw) * CI + ci) * CO;
              const y = ((b * OH + oh) * OW + ow) * CO;
              for (let co = 0; co < CO; co++) visit(x, weight + co, y + co);
            }
          }
        }
      }
    }
  }
}

/** The output and both gradients, in float64. */
export function definition(
  c: ConvCase,
  { x, filter, dy }: ConvInputs,
): { y: Float64Array; dx: Float64Array; dFilter: Float64Array } {
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dFilter = new Float64Array(filter.length);
  forEachProduct(c, (i, w, o) => {
    y[o]! += x[i]! * filter[w]!;
    dx[i]! += filter[w]! * dy[o]!;
    dFilter[w]! += x[i]! * dy[o]!;
  });
  return { y, dx, dFilter };
}

/** A case whose sizes are drawn; the filter fits into the padded image. */
export function randomCase(random: Random, maxStride: number): ConvCase {
  const filter = [1 + random.int(4), 1 + random.int(4)] as const;
  return {
    batch: 1 + random.int(5),
    size: [filter[0] + random.int(6), filter[1] + random.int(6)],
    channels: [1 + random.int(13), 1 + random.int(40)],
    filter,
    stride: [1 + random.int(maxStride), 1 + random.int(maxStride)],
    pad: random.int(Math.min(...filter)),
  };
}
