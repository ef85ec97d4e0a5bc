/** Whether the adapter can hold a training step, found out before anything is computed. @module */

import type { Device } from "../device.ts";
import { UsageError } from "../errors.ts";
import { inspectPreset } from "../inspect/presets.ts";
import type { GeneratorName } from "../models/generators.ts";
import type { ImageShape } from "../models/shape.ts";
import { scaledBytes } from "../text.ts";

/**
 * Refuses batches with a tensor that no kernel of the adapter could bind. The first step would meet it
 * too, but late, with minutes of work already handed to a slow adapter.
 *
 * @param device The device.
 * @param model The generator.
 * @param shape Size of the images, number of classes.
 * @param batchSize Images of a step.
 * @throws {UsageError} With the largest batch that fits.
 */
export function requireRoom(
  { gpu: { limits: { maxStorageBufferBindingSize: most } } }: Pick<Device, "gpu">,
  model: GeneratorName,
  shape: ImageShape,
  batchSize: number,
): void {
  const { memory: { largest } } = inspectPreset(model, shape, { batchSize });
  if (largest <= most) return;
  throw new UsageError(
    `Cannot train ${model} with batches of ${batchSize}: a tensor of theirs has ` +
      `${scaledBytes(largest)}, and kernels of this adapter bind ${scaledBytes(most)}. ` +
      `Take --batch-size ${Math.floor(batchSize * most / largest)} or less`,
  );
}
