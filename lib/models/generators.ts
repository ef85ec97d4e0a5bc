/** The generators by name. @module */

import type { Module } from "../nn/module.ts";
import type { Random } from "../random.ts";
import { ContextUnet } from "./context_unet.ts";
import type { DenoisingNetwork } from "./denoising_network.ts";
import { type DiTPresetName, ditPresets } from "./dit_presets.ts";
import { GAN } from "./gan.ts";
import type { ImageShape } from "./shape.ts";
import { UNet } from "./unet.ts";

/** How to build one diffusion network. */
export interface DenoiserEntry {
  /** What it is, in a few words. */
  readonly summary: string;
  /** Whether it takes no labels, wants one for each image, or can do with the class of none. */
  readonly labels: "none" | "always" | "optional";
  /** Whether it answers the same to an image of other brightness or contrast. @default false */
  readonly blind?: boolean;
  /** Builds it with fresh weights for times from 0 to `timesteps − 1`. */
  readonly build: (shape: ImageShape, random: Random, timesteps: number) => DenoisingNetwork;
}

/** Every diffusion network, by the name that `--preset` and checkpoints use. */
export const denoisers = {
  "ddpm": {
    summary: "a U-Net of three sizes with 10, 20 and 40 channels",
    labels: "none",
    blind: true,
    build: (shape, random, timesteps) => new UNet(shape, random, { timesteps }),
  },
  "cddpm": {
    summary: "a U-Net of 128 features that is told the class",
    labels: "optional",
    build: (shape, random, timesteps) =>
      new ContextUnet(shape, random, { features: 128, timesteps }),
  },
  "cddpm-256": {
    summary: "a U-Net of 256 features that is told the class",
    labels: "optional",
    build: (shape, random, timesteps) =>
      new ContextUnet(shape, random, { features: 256, timesteps }),
  },
  ...transformers(),
} as const satisfies Record<string, DenoiserEntry>;

/** A name in {@link denoisers}. */
export type DenoiserName = keyof typeof denoisers;

/** A name of a generator: of a diffusion network, or the `gan`. */
export type GeneratorName = DenoiserName | "gan";

/** All names, in the order of lists. */
export const GENERATOR_NAMES: readonly GeneratorName[] = [
  ...Object.keys(denoisers) as DenoiserName[],
  "gan",
];

/** Builds any generator with fresh weights. @param timesteps T, for diffusion networks. */
export function buildGenerator(
  name: GeneratorName,
  shape: ImageShape,
  random: Random,
  timesteps: number,
): Module {
  return name === "gan" ? new GAN(shape, random) : denoisers[name].build(shape, random, timesteps);
}

function transformers(): Record<DiTPresetName, DenoiserEntry> {
  const entries = Object.entries(ditPresets).map(([name, { summary, build }]) => {
    // dit-tiny has no class that stands for none.
    const labels = name === "dit-tiny" ? "always" : "optional";
    const entry: DenoiserEntry = { summary, labels, build };
    return [name, entry] as const;
  });
  return Object.fromEntries(entries) as Record<DiTPresetName, DenoiserEntry>;
}
