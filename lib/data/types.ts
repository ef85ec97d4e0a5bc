/** The shapes of data that everything else speaks in. @module */

/** The data sets that the project knows. */
export type DatasetName = "mnist" | "fashion-mnist" | "digits";

/** Images of one size with one label each, as bytes. */
export interface ImageSet {
  /** Pixels, row by row, shape `(count, height, width)`, values `0..maxValue` of the data set. */
  readonly images: Uint8Array;
  /** Class numbers, shape `(count)`. */
  readonly labels: Uint8Array;
  /** How many images. */
  readonly count: number;
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
}

/** A data set with its official split into training and test images. */
export interface Dataset {
  /** Which one. */
  readonly name: DatasetName;
  /** The training images, in file order. */
  readonly train: ImageSet;
  /** The test images, in file order. */
  readonly test: ImageSet;
  /** The pixel value of full ink: 255, or 16 for the embedded digits. */
  readonly maxValue: number;
  /** The name of each class, by class number. */
  readonly classNames: readonly string[];
  /** sha256 of each file read, in hexadecimal, by file name. */
  readonly sha256: Readonly<Record<string, string>>;
  /** Where it came from: a folder, or `"embedded"`. */
  readonly source: string;
}
