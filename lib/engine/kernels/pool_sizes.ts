/** The sizes of a pooling, as the kernels need them. @module */

import { tf } from "../../deps.ts";

/** The sizes that a pooling's shader is written for; images are `(N, H, W, C)`. */
export interface PoolSizes {
  readonly batchSize: number;
  readonly channels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  /** Rows of padding above. */
  readonly top: number;
  /** Columns of padding on the left. */
  readonly left: number;
}

/** The attributes of tfjs's pooling kernels. */
export interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: tf.MaxPoolAttrs["pad"];
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
