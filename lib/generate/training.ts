/** What generators of all kinds have in common when they are trained. @module */

import type { SampleRequest, Samples } from "../diffusion/sampler.ts";
import type { Batch } from "../engine/feed.ts";
import type { Clock } from "../engine/clock.ts";
import type { Module } from "../nn/module.ts";
import type { EMA } from "../nn/optim/ema.ts";
import type { Tensor } from "../tensor.ts";
import type { Trained } from "../train/state.ts";

/** Draws images, again and again. */
export interface Drawer {
  /** Draws as many as it was made for. */
  sample(request?: SampleRequest): Promise<Samples>;
  /** Frees what belongs to it; the network stays. */
  dispose(): void;
}

/** What {@link GeneratorTraining.drawer} makes. */
export interface DrawerOptions {
  /** Images to draw at once. */
  readonly count: number;
  /** Seed of the noise. */
  readonly seed: number;
  /** Scale of guidance. @default 1 */
  readonly guidance?: number;
}

/** A generator in training. */
export interface GeneratorTraining {
  /** The name of each loss of a step, as in `metrics.jsonl`. */
  readonly losses: readonly string[];
  /** What pixels without and with full ink are to the network. */
  readonly range: readonly [lo: number, hi: number];
  /** Whether images are drawn of a class that one asks for. */
  readonly labelled: boolean;
  /** Prepares what changes from step to step. @param total Steps in all. */
  follow(clock: Clock, total: number): void;
  /** A step, up to its losses. */
  step(batch: Batch, clock: Clock): Tensor;
  /** Draws with the network's weights as they are. */
  drawer(options: DrawerOptions): Drawer;
  /** Images `(N, H, W, 1)` after a share of the way to noise. @default absent where there is no such way */
  noisy?(images: Tensor, share: number): Tensor;
  /** Frees what the steps needed beside network and optimizer. */
  dispose(): void;
}

/** A generator with all that a run saves of it. */
export interface TrainedGenerator extends Trained {
  /** What checkpoints hold. */
  readonly network: Module;
  /** The average of its weights, which draws and is kept in their place. */
  readonly ema: EMA | undefined;
  /** How it is trained. */
  readonly training: GeneratorTraining;
}
