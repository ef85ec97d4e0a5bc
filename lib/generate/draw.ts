/** Drawing any number of images in batches. @module */

import type { Samples } from "../diffusion/sampler.ts";
import { TensorSizeError } from "../errors.ts";
import type { Drawer } from "./training.ts";

/** What a {@link BatchDrawer} draws. */
export interface DrawRequest {
  /** Images in all. */
  readonly count: number;
  /** The class of each image, where the generator takes any. */
  readonly labels: readonly number[] | undefined;
  /** Pictures of the way. @default 0 */
  readonly frames?: number;
  /** Is told the share that is done. */
  readonly onProgress?: (share: number) => void;
}

/** Draws with batches of a size that the adapter can hold: the one asked for, half of it, a quarter, … */
export class BatchDrawer {
  readonly #make: (batchSize: number) => Drawer;
  #batchSize: number;
  #drawer: Drawer | undefined;

  /**
   * Makes nothing yet.
   *
   * @param make Makes a drawer of so many images at once.
   * @param batchSize The most images to draw at once.
   */
  constructor(make: (batchSize: number) => Drawer, batchSize: number) {
    this.#make = make;
    this.#batchSize = batchSize;
  }

  /**
   * Draws images from number 0 on. The drawer is kept for the next call.
   *
   * @throws {TensorSizeError} When the adapter cannot even hold one image.
   */
  async draw(request: DrawRequest): Promise<Samples> {
    for (;;) {
      this.#drawer ??= this.#make(this.#batchSize);
      try {
        return await drawBatches(this.#drawer, this.#batchSize, request);
      } catch (error) {
        if (!(error instanceof TensorSizeError) || this.#batchSize === 1) throw error;
        this.dispose();
        this.#batchSize = Math.ceil(this.#batchSize / 2);
      }
    }
  }

  /** Frees the drawer. */
  dispose(): void {
    this.#drawer?.dispose();
    this.#drawer = undefined;
  }
}

/** A last batch that is not full is drawn whole and cut, so that the drawer's recording serves it too. */
async function drawBatches(
  drawer: Drawer,
  batchSize: number,
  { count, labels, frames = 0, onProgress }: DrawRequest,
): Promise<Samples> {
  const batches = Math.ceil(count / batchSize);
  const parts: Samples[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const first = batch * batchSize;
    const part = await drawer.sample({
      first,
      frames,
      ...(labels && {
        labels: Array.from({ length: batchSize }, (_, i) => labels[(first + i) % labels.length]!),
      }),
      ...(onProgress && {
        onProgress: (done: number, total: number) => onProgress((batch + done / total) / batches),
      }),
    });
    parts.push(part);
    onProgress?.((batch + 1) / batches);
  }
  const join = (pieces: readonly Float32Array[]) => {
    const size = pieces[0]!.length / batchSize;
    const whole = new Float32Array(batches * batchSize * size);
    pieces.forEach((piece, i) => whole.set(piece, i * batchSize * size));
    return whole.subarray(0, count * size);
  };
  return {
    images: join(parts.map(({ images }) => images)),
    frames: parts[0]!.frames.map((_, frame) => join(parts.map(({ frames }) => frames[frame]!))),
  };
}
