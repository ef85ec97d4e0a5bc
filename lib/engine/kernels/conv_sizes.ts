/** The sizes of a convolution, as the kernels need them. @module */

import { tf } from "../../deps.ts";

/** The sizes that a convolution's shader is written for; images are `(N, H, W, C)`. */
export interface ConvSizes {
  /** Images. */
  readonly batchSize: number;
  /** Rows of the input. */
  readonly inHeight: number;
  /** Columns of the input. */
  readonly inWidth: number;
  /** Channels of the input. */
  readonly inChannels: number;
  /** Rows of the output. */
  readonly outHeight: number;
  /** Columns of the output. */
  readonly outWidth: number;
  /** Channels of the output. */
  readonly outChannels: number;
  /** Rows of the filter. */
  readonly filterHeight: number;
  /** Columns of the filter. */
  readonly filterWidth: number;
  /** Rows of the input from one output to the next. */
  readonly strideHeight: number;
  /** Columns of the input from one output to the next. */
  readonly strideWidth: number;
  /** Rows of padding above. */
  readonly top: number;
  /** Columns of padding on the left. */
  readonly left: number;
}

/** Names all sizes but the batch's, which shaders take as a uniform. */
export function geometryKey(sizes: ConvSizes): string {
  const { batchSize: _, ...geometry } = sizes;
  return Object.values(geometry).join("_");
}

/** The attributes of tfjs's convolution kernels that decide the sizes. */
export interface ConvAttributes {
  /** Steps of the filter, (height, width) or both. */
  readonly strides: number | [number, number];
  /** What surrounds the image. */
  readonly pad: tf.Conv2DAttrs["pad"];
  /** How the size of the output is rounded. @default down */
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
  /** Whether channels come last, as our kernels want them, or first. */
  readonly dataFormat: "NHWC" | "NCHW";
  /** Pixels from one place of the filter to the next. @default 1 */
  readonly dilations?: number | [number, number];
}

/**
 * The sizes of a convolution of images of shape `input` with a filter of shape `(kh, kw, in, out)`;
 * `undefined` for one that our kernels leave to the stock ones: channels first, dilated, grouped, or
 * with nothing in it.
 */
export function convInfo(
  input: number[],
  filter: number[],
  { strides, pad, dimRoundingMode, dataFormat, dilations = 1 }: ConvAttributes,
): ConvSizes | undefined {
  if (dataFormat !== "NHWC" || input[3] !== filter[2]) return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
  const { top, left } = info.padInfo;
  const sizes: ConvSizes = {
    batchSize: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    inChannels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    top,
    left,
  };
  const dilated = info.dilationHeight !== 1 || info.dilationWidth !== 1;
  const { top: _top, left: _left, ...lengths } = sizes;
  return dilated || Object.values(lengths).includes(0) ? undefined : sizes;
}
