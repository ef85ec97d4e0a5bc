/** Steps over a data set that lies on the GPU. @module */

import { epochOrder } from "../data/shuffle.ts";
import type { ImageSet } from "../data/types.ts";
import { Clock } from "../engine/clock.ts";
import { type Batch, Feed, type FeedOptions } from "../engine/feed.ts";
import { type CompiledStep, compileStep, eagerStep } from "../engine/step.ts";
import type { Tensor } from "../tensor.ts";
import type { StepLosses, Stepper } from "./epochs.ts";
import type { Optimization } from "./recipe.ts";

/** Options of {@link FeedStepper}. */
export interface FeedStepperOptions {
  /** The images to train on. */
  readonly train: ImageSet;
  /** How their batches are made. */
  readonly feed: Omit<FeedOptions, "batchSize" | "clock">;
  /** Size of batches, number of epochs, seed of the order. */
  readonly recipe: Optimization;
  /** Steps that were taken before. */
  readonly taken: number;
  /** Losses of a step. @default 1 */
  readonly losses?: number;
  /** Runs every step through tfjs instead of replaying a recording. @default false */
  readonly eager?: boolean | undefined;
  /** Prepares what changes from step to step. @param total Steps in all. */
  readonly follow: (clock: Clock, total: number) => void;
  /** A step on a batch, up to its losses; the clock is advanced after it. */
  readonly step: (batch: Batch, clock: Clock) => Tensor;
}

/** Steps in an epoch of `count` images. */
export function stepsPerEpoch(count: number, batchSize: number): number {
  return Math.ceil(count / batchSize);
}

/** Runs a step on the whole batches of an epoch, and on the smaller last one. */
export class FeedStepper implements Stepper {
  readonly #options: FeedStepperOptions;
  readonly #clock: Clock;
  readonly #feed: Feed;
  readonly #whole: CompiledStep;
  readonly #last: CompiledStep;

  /** Uploads the images. @throws {RangeError} When the feed's options make no sense. */
  constructor(options: FeedStepperOptions) {
    this.#options = options;
    const { train, feed, recipe: { batchSize, epochs }, taken, losses = 1, eager } = options;
    this.#clock = new Clock(taken);
    this.#feed = new Feed(train, { ...feed, batchSize, clock: this.#clock });
    options.follow(this.#clock, epochs * this.#feed.steps);
    const compile = eager ? eagerStep : compileStep;
    const stepOf = (size: number) =>
      compile(() => {
        const loss = options.step(this.#feed.batch(size), this.#clock);
        this.#clock.advance();
        return loss;
      }, { losses });
    const { lastBatchSize } = this.#feed;
    this.#whole = stepOf(Math.min(batchSize, train.count));
    this.#last = lastBatchSize === batchSize ? this.#whole : stepOf(lastBatchSize);
  }

  /** Steps in an epoch. */
  get steps(): number {
    return this.#feed.steps;
  }

  /** Shuffles. */
  startEpoch(epoch: number): void {
    const { recipe: { seed }, train } = this.#options;
    this.#feed.startEpoch(epochOrder(seed, epoch, train.count));
  }

  /** Runs up to `count` steps from step `from` of the epoch; fewer where the batch size changes. */
  async run(from: number, count: number): Promise<StepLosses[]> {
    const { recipe: { batchSize }, losses: width = 1 } = this.#options;
    const { lastBatchSize, steps } = this.#feed;
    const isLast = this.#last !== this.#whole && from === steps - 1;
    const whole = this.#last === this.#whole ? count : Math.min(count, steps - 1 - from);
    const losses = isLast ? await this.#last.run(1) : await this.#whole.run(whole);
    return Array.from({ length: losses.length / width }, (_, i) => ({
      losses: [...losses.subarray(width * i, width * (i + 1))],
      images: from + i === steps - 1 ? lastBatchSize : batchSize,
    }));
  }

  /** Frees the recordings and the data. */
  dispose(): void {
    this.#whole.dispose();
    if (this.#last !== this.#whole) this.#last.dispose();
    this.#feed.dispose();
    this.#clock.dispose();
  }
}
