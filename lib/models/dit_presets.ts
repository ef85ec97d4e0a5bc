/** The diffusion transformers by name. @module */

import type { Random } from "../random.ts";
import type { DenoisingNetwork } from "./denoising_network.ts";
import { DiT } from "./dit.ts";
import { DiTTiny } from "./dit_tiny.ts";
import type { ImageShape } from "./shape.ts";

/** How to build one of them. */
export interface DiTPreset {
  /** What it is, in a few words. */
  readonly summary: string;
  /** Builds it with fresh weights. */
  readonly build: (shape: ImageShape, random: Random) => DenoisingNetwork;
}

const S4 = { width: 384, depth: 12, heads: 6 } as const;

/** Every diffusion transformer, by the name that `--preset` and checkpoints use. */
export const ditPresets = {
  "dit-tiny": {
    summary: "64 wide, 3 blocks, 4 heads of 64 values each; 388 640 parameters",
    build: (shape, random) => new DiTTiny(shape, random),
  },
  "dit-light": {
    summary: "64 wide, 2 blocks, 4 heads; 184 272 parameters",
    build: (shape, random) => new DiT(shape, random, { width: 64, depth: 2, heads: 4 }),
  },
  "dit-s4": {
    summary: "384 wide, 12 blocks, 6 heads; 32.5 million parameters",
    build: (shape, random) => new DiT(shape, random, S4),
  },
  "dit-s4-shared": {
    summary: "dit-s4 with one modulation for all blocks; 22.8 million parameters",
    build: (shape, random) => new DiT(shape, random, { ...S4, shared: true }),
  },
} as const satisfies Record<string, DiTPreset>;

/** A name in {@link ditPresets}. */
export type DiTPresetName = keyof typeof ditPresets;
