/** How a generator is trained. @module */

import type { DiffusionLoss } from "../diffusion/loss.ts";
import type { Optimization } from "../train/recipe.ts";
import type { Process, SamplerName } from "./process.ts";

/** What is drawn while a generator trains. */
export interface SampleSettings {
  /** Rows of images in a picture. */
  readonly rows: number;
  /** Epochs from picture to picture; 0 is one at the end alone. */
  readonly every: number;
  /** Epochs from film to film; 0 is one at the end alone. */
  readonly gifEvery: number;
}

/** What is drawn with a diffusion network. */
export interface DiffusionSampleSettings extends SampleSettings {
  /** Scales of guidance, each of which gets a picture of its own; 1 is the network itself. */
  readonly guidance: readonly number[];
  /** The sampler. @default the usual one of the process */
  readonly sampler?: SamplerName;
  /** Its steps. @default the usual number of the sampler */
  readonly steps?: number;
}

/** How a diffusion network is trained. */
export interface DiffusionRecipe extends Optimization {
  /** The process and what the network predicts in it. */
  readonly process: Process;
  /** How errors count. */
  readonly loss: DiffusionLoss;
  /** `γ` of min-SNR weighting. @default none */
  readonly minSnr?: number;
  /** The share of labels that are dropped, for guidance. */
  readonly dropLabels: number;
  /** What is drawn on the way. */
  readonly samples: DiffusionSampleSettings;
}

/** How a GAN is trained. */
export interface GanRecipe extends Optimization {
  /** What is drawn on the way. */
  readonly samples: SampleSettings;
}
