/**
 * Drawing with a diffusion network, as it suits the network.
 *
 * The U-Net of `ddpm` norms whole images first, and so is blind to how bright they are and how much
 * contrast they have: both drift while it draws, whatever the sampler. Clamping what it predicts would
 * cut strokes off; the drift is taken away at the end, from each image by itself.
 *
 * @module
 */

import { Sampler, type Samples } from "../diffusion/sampler.ts";
import type { SamplerPlan } from "../diffusion/samplers/plan.ts";
import type { DenoisingNetwork } from "../models/denoising_network.ts";
import { type DenoiserEntry, type DenoiserName, denoisers } from "../models/generators.ts";
import type { ImageShape } from "../models/shape.ts";
import type { Tensor1D, Tensor4D } from "../tensor.ts";
import { planOf, type Process, type SamplerName } from "./process.ts";
import type { Drawer, DrawerOptions } from "./training.ts";

/** Steps of the ancestral sampler where a blind network is asked for nothing else. */
const ANCESTRAL_STEPS = 50;

/** A network to draw with. */
export interface DrawingNetwork {
  /** Its name. */
  readonly model: DenoiserName;
  /** The network with its weights. */
  readonly network: DenoisingNetwork;
  /** Size of its images, number of its classes. */
  readonly shape: ImageShape;
  /** The process that it was trained for. */
  readonly process: Process;
}

/**
 * {@link planOf} with the sampler that suits a network where none is asked for: for one that is blind to
 * brightness the ancestral one. It draws digits where samplers without noise end in patterns.
 */
export function networkPlan(
  model: DenoiserName,
  process: Process,
  sampler?: SamplerName,
  steps?: number,
): SamplerPlan {
  const { blind }: DenoiserEntry = denoisers[model];
  if (!blind || sampler !== undefined || process.noise === "rectified-flow") {
    return planOf(process, sampler, steps);
  }
  return planOf(process, "ddpm", steps ?? Math.min(ANCESTRAL_STEPS, process.timesteps));
}

/** Draws with a diffusion network by a plan, made for what it predicts. */
export function diffusionDrawer(
  { model, network, shape, process: { range } }: DrawingNetwork,
  plan: SamplerPlan,
  { count, seed, guidance = 1 }: DrawerOptions,
): Drawer {
  const { labels, blind }: DenoiserEntry = denoisers[model];
  const { height, width, channels, classes } = shape;
  const sampler = new Sampler(
    (x: Tensor4D, t: Tensor1D, labels?: Tensor1D) => network.denoise(x, t, labels),
    plan,
    {
      shape: [count, height, width, channels],
      seed,
      labelled: labels !== "none",
      ...(!blind && { clamp: range }),
      ...(guidance !== 1 && { guidance: { scale: guidance, nullClass: classes } }),
    },
  );
  if (!blind) return sampler;
  const stretch = (images: Float32Array) => stretched(images, height * width * channels, range);
  return {
    async sample(request): Promise<Samples> {
      const { images, frames } = await sampler.sample(request);
      return { images: stretch(images), frames: frames.map(stretch) };
    },
    dispose: () => sampler.dispose(),
  };
}

/**
 * Gives each image the whole range: its darkest pixel becomes `lo`, its brightest `hi`.
 *
 * @param images Images one after the other.
 * @param size Values of an image.
 */
export function stretched(
  images: Float32Array,
  size: number,
  [lo, hi]: readonly [lo: number, hi: number],
): Float32Array {
  const result = new Float32Array(images.length);
  for (let first = 0; first < images.length; first += size) {
    const image = images.subarray(first, first + size);
    const least = image.reduce((a, b) => Math.min(a, b));
    const most = image.reduce((a, b) => Math.max(a, b));
    const scale = most > least ? (hi - lo) / (most - least) : 0;
    image.forEach((value, i) => result[first + i] = lo + (value - least) * scale);
  }
  return result;
}
