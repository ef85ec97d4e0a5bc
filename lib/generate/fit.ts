/** Data sets as generators take them. @module */

import { padDataset } from "../data/pad.ts";
import type { Dataset } from "../data/types.ts";
import type { GeneratorName } from "../models/generators.ts";

/** The sizes that the U-Net takes are 4 times an odd number, from 12 on. */
const UNET_LEAST = 12;
const UNET_STEP = 8;

/** Pads images whose size the network does not take: the 8×8 digits become 12×12 for the U-Net. */
export function fitDataset(dataset: Dataset, model: GeneratorName): Dataset {
  if (model !== "ddpm") return dataset;
  const side = Math.max(dataset.train.height, dataset.train.width);
  const size = UNET_LEAST + UNET_STEP * Math.max(0, Math.ceil((side - UNET_LEAST) / UNET_STEP));
  return size === side ? dataset : padDataset(dataset, size);
}
