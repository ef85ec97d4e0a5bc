/** What a network must know of its data. @module */

/** Size of the images and number of classes. */
export interface ImageShape {
  /** Rows, in pixels. */
  readonly height: number;
  /** Columns, in pixels. */
  readonly width: number;
  /** 1 for grey images. */
  readonly channels: number;
  /** Number of classes. */
  readonly classes: number;
}
