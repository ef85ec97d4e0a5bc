/** Every network of the registries, to be inspected by its name. @module */

import { tf } from "../deps.ts";
import { DenoisingNetwork } from "../models/denoising_network.ts";
import { GAN } from "../models/gan.ts";
import {
  buildGenerator,
  denoisers,
  GENERATOR_NAMES,
  type GeneratorName,
} from "../models/generators.ts";
import { isModelName, type ModelName, models } from "../models/registry.ts";
import type { ImageShape } from "../models/shape.ts";
import type { Context, Module } from "../nn/module.ts";
import { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { type Inspection, inspectNetwork, type InspectOptions } from "./inspect.ts";

/** The name of any network. */
export type PresetName = ModelName | GeneratorName;

/** All names, in the order of lists. */
export const PRESET_NAMES: readonly PresetName[] = [
  ...Object.keys(models) as ModelName[],
  ...GENERATOR_NAMES,
];

/** What a network is, in a few words. */
export function summaryOf(preset: PresetName): string {
  if (preset === "gan") return "two perceptrons, one that draws and one that judges";
  const { summary } = isModelName(preset) ? models[preset] : denoisers[preset];
  // Some go on with a number of parameters, which is that of one size of images.
  return summary.split(";")[0]!;
}

/** The times T that a diffusion network is trained with; `null` of the others. */
export function timestepsOf(preset: PresetName): number | null {
  if (isModelName(preset) || preset === "gan") return null;
  return preset === "ddpm" || preset === "dit-tiny" ? 1000 : 400;
}

/** Leaves fresh weights as they are: nobody reads them here, and drawing millions takes a while. */
class NoRandom extends Random {
  override fillUniform(): void {}
  override fillNormal(): void {}
}

/**
 * Looks through a network of the registries, as {@link inspectNetwork} does.
 *
 * @param preset Its name.
 * @param shape Size of the images, number of classes.
 * @param options The batch size.
 * @throws {RangeError} When the network takes no such images.
 */
export function inspectPreset(
  preset: PresetName,
  shape: ImageShape,
  options: InspectOptions = {},
): Inspection {
  const random = new NoRandom(0, "unused");
  const build = () =>
    isModelName(preset)
      ? models[preset].build(shape, random)
      : buildGenerator(preset, shape, random, timestepsOf(preset) ?? 1);
  return inspectNetwork(build, passOn(shape), options);
}

/**
 * One pass on images of this size: an evaluation of a diffusion network, with times and classes; of a
 * GAN, images drawn and judged.
 */
function passOn({ height, width, channels }: ImageShape) {
  return (network: Module, count: number, context: Context): Tensor => {
    if (network instanceof GAN) {
      const { generator, discriminator } = network;
      return discriminator.forward(generator.forward(tf.zeros([count, generator.latent])), context);
    }
    const images = tf.zeros([count, height, width, channels]) as tf.Tensor4D;
    if (!(network instanceof DenoisingNetwork)) return network.forward(images, context);
    const labels = tf.zeros([count], "int32") as tf.Tensor1D;
    return network.denoise(images, tf.zeros([count]) as tf.Tensor1D, labels, context);
  };
}
