/** Drawing with a generator that needs one pass, such as a GAN's. @module */

import { tf } from "../deps.ts";
import { GpuRandom } from "../engine/random.ts";
import type { Generator } from "../models/gan.ts";
import type { Drawer } from "./training.ts";

/**
 * Draws images from normal numbers; those of an image follow from the seed and the image's number.
 *
 * @param count Images to draw at once.
 * @throws {RangeError} From `sample`, when labels are given.
 */
export function latentDrawer(generator: Generator, count: number, seed: number): Drawer {
  return {
    async sample({ first = 0, labels } = {}) {
      if (labels) {
        throw new RangeError("Cannot draw a class with a GAN: it has no labels, got some.");
      }
      const rows = Array.from(
        { length: count },
        (_, i) => GpuRandom.named(first + i, seed, "sample").normal([1, generator.latent]),
      );
      const z = tf.concat(rows);
      const images = generator.forward(z);
      const values = Float32Array.from(await images.data());
      tf.dispose([...rows, z, images]);
      return { images: values, frames: [] };
    },
    dispose: () => {},
  };
}
