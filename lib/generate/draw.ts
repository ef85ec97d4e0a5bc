/** Drawing any number of images in batches. @module */

import type { Samples } from "../diffusion/sampler.ts";
import type { Drawer } from "./training.ts";

/** What {@link drawBatches} draws. */
export interface BatchesRequest {
  /** Images in all. */
  readonly count: number;
  /** Images that the drawer draws at once. */
  readonly batchSize: number;
  /** The class of each image, where the generator takes any. */
  readonly labels: readonly number[] | undefined;
  /** Pictures of the way. @default 0 */
  readonly frames?: number;
  /** Is told the share that is done. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Draws images from number 0 on. A last batch that is not full is drawn whole and cut, so that the
 * drawer's recording serves it too.
 */
export async function drawBatches(drawer: Drawer, request: BatchesRequest): Promise<Samples> {
  const { count, batchSize, labels, frames = 0, onProgress } = request;
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
