/** The sizes of a pooling, as the kernels need them. @module */

import { tf } from "../../deps.ts";

/** The sizes that a pooling's shader is written for; images are `(N, H, W, C)`. */
export interface PoolSizes {
  /** Images. */
  readonly batchSize: number;
  /** Channels of input and output. */
  readonly channels: number;
  /** Rows of the input. */
  readonly inHeight: number;
  /** Columns of the input. */
  readonly inWidth: number;
  /** Rows of the output. */
  readonly outHeight: number;
  /** Columns of the output. */
  readonly outWidth: number;
  /** Rows of the window. */
  readonly filterHeight: number;
  /** Columns of the window. */
  readonly filterWidth: number;
  /** Rows from one window to the next. */
  readonly strideHeight: number;
  /** Columns from one window to the next. */
  readonly strideWidth: number;
  /** Rows of padding above. */
  readonly top: number;
  /** Columns of padding on the left. */
  readonly left: number;
}

/** The attributes of tfjs's pooling kernels. */
export interface PoolAttributes {
  /** Rows and columns of the window. */
  readonly filterSize: number | [number, number];
  /** Steps of the window. */
  readonly strides: number | [number, number];
  /** What surrounds the image; it is never the largest. */
  readonly pad: tf.MaxPoolAttrs["pad"];
  /** How the size of the output is rounded. @default down */
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/**
 * The sizes of a pooling of images of shape `input`; `undefined` for one that our kernels leave to
 * the stock ones: with nothing in it, or with a window that lies in the padding altogether.
 */
export function poolInfo(
  input: readonly number[],
  { filterSize, strides, pad, dimRoundingMode }: PoolAttributes,
): PoolSizes | undefined {
  const info = tf.backend_util.computePool2DInfo(
    input as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { top, left } = info.padInfo;
  const lengths = {
    batchSize: info.batchSize,
    channels: info.inChannels,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
  };
  const empty = Object.values(lengths).some((length) => length <= 0);
  const lastRow = (info.outHeight - 1) * info.strideHeight - top;
  const lastColumn = (info.outWidth - 1) * info.strideWidth - left;
  const outside = top >= info.filterHeight || left >= info.filterWidth ||
    lastRow >= info.inHeight || lastColumn >= info.inWidth;
  return empty || outside ? undefined : { ...lengths, top, left };
}
