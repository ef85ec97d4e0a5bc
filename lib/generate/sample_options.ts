/** The options of tasks that draw with a trained generator. @module */

import type { Options, OptionValue } from "../cli/spec.ts";
import { OUTPUT_OPTIONS } from "../train/options.ts";
import { SAMPLER_OPTIONS } from "./options.ts";

/** The options of every sampling task. */
export const SAMPLE_OPTIONS = {
  checkpoint: {
    type: "path",
    placeholder: "RUN",
    help: "A run folder or a checkpoint file of this task's networks.",
  },
  n: { type: "integer", min: 1, help: "Images to draw. (10, or one for each of --labels)" },
  seed: {
    type: "integer",
    min: 0,
    default: 1,
    help: "What the noise is drawn from; the same seed gives the same images.",
  },
  "batch-size": {
    type: "integer",
    min: 1,
    default: 50,
    help: "Images to draw at once; fewer need less memory.",
  },
  out: {
    type: "path",
    placeholder: "DIR",
    default: "samples",
    help: "Folder for the pictures; it is made if need be.",
  },
  judge: {
    type: "path",
    placeholder: "RUN",
    help:
      "Have a classifier (its run folder or checkpoint) read the images: how many it is sure of, " +
      "which classes it sees, how many are what was asked for.",
  },
  singles: { type: "boolean", help: "Write each image as a PNG of its own, too." },
  ...OUTPUT_OPTIONS,
} as const satisfies Options;

/** The options of tasks that sample diffusion networks, beside {@link SAMPLE_OPTIONS}. */
export const DIFFUSION_SAMPLE_OPTIONS = {
  ...SAMPLER_OPTIONS,
  gif: { type: "boolean", help: "Write a GIF of the way from noise to images, too." },
} as const satisfies Options;

/** The options of tasks whose networks take labels. */
export const LABEL_SAMPLE_OPTIONS = {
  labels: {
    type: "strings",
    placeholder: "0-9|7,7,3",
    help: "Classes to draw, again and again from the first on: numbers and ranges. (all)",
  },
  guidance: {
    type: "number",
    placeholder: "S",
    min: 0,
    help: "Scale of guidance: 0 without the class, 1 with it, more goes beyond. (2 where the " +
      "network learnt it, else 1)",
  },
} as const satisfies Options;

/** Why a task has no {@link LABEL_SAMPLE_OPTIONS}. */
export const NO_LABELS = {
  labels: "its network knows no classes",
  guidance: "its network knows no classes to guide to",
} as const;

type Values<O extends Options> = { readonly [Name in keyof O]: OptionValue<O[Name]> };

/** The values of all of these options, as far as a task has them. */
export type SampleOptions =
  & Values<typeof SAMPLE_OPTIONS>
  & Partial<Values<typeof DIFFUSION_SAMPLE_OPTIONS>>
  & Partial<Values<typeof LABEL_SAMPLE_OPTIONS>>;
