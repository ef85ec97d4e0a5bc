/** Epochs of classifiers, as the training loop runs them. @module */

import { epochOrder } from "../../data/shuffle.ts";
import { Context, type Module } from "../../nn/module.ts";
import { Adam } from "../../nn/optim/adam.ts";
import { MAX_WINDOW } from "../../train/epochs.ts";
import { FeedStepper } from "../../train/feed_stepper.ts";
import { trainStep } from "../../train/loop.ts";
import type { Optimization } from "../../train/recipe.ts";
import { encodeSafetensors } from "../../train/safetensors.ts";
import { WARM_UP } from "../step_contest.ts";
import { MAX_VALUE, noiseImages, WITH_ADAM } from "../workload.ts";
import type { PreparedRow, TorchContest } from "./contest.ts";
import { VARIANTS } from "./peer.ts";

const SEED = 1;
/** More steps than a comparison takes. */
const MAX_STEPS = 2_000_000;

/**
 * An epoch of a classifier with Adam: shuffled, the last batch what is left, all losses read.
 *
 * @param model The network's name in the fixtures of the parity tests.
 * @param build Makes it, without dropout.
 * @param count Images of noise.
 */
export function epochContest(
  model: string,
  build: () => Module,
  batchSize: number,
  count: number,
): TorchContest {
  return {
    name: `epoch ${model} b${batchSize}`,
    variants: VARIANTS,
    async prepare(): Promise<PreparedRow> {
      const { lr } = WITH_ADAM;
      const images = noiseImages(count);
      const network = build();
      const optimizer = new Adam(network.namedParameters(), { lr });
      const weights = encodeSafetensors({ tensors: await network.stateDict(), metadata: {} });
      const epochs = Math.ceil(MAX_STEPS / Math.ceil(count / batchSize));
      const recipe: Optimization = {
        ...WITH_ADAM,
        epochs,
        batchSize,
        schedule: "constant",
        seed: SEED,
      };
      const stepper = new FeedStepper({
        train: images,
        feed: { maxValue: MAX_VALUE },
        recipe,
        taken: 0,
        follow: (clock, total) => optimizer.follow(clock, () => lr, total),
        step: (batch, clock) =>
          trainStep(network, optimizer, batch, Context.training(SEED, clock.step)),
      });
      let epoch = 0;
      const run = async (): Promise<number[]> => {
        stepper.startEpoch(++epoch);
        const losses: number[] = [];
        while (losses.length < stepper.steps) {
          const left = Math.min(MAX_WINDOW, stepper.steps - losses.length);
          for (const { losses: [loss] } of await stepper.run(losses.length, left)) {
            losses.push(loss!);
          }
        }
        return losses;
      };
      const dispose = () => {
        for (const part of [stepper, optimizer, network]) part.dispose();
      };
      const losses = await run().then(
        (all) => Float32Array.from(all.slice(0, WARM_UP)),
        (error) => {
          dispose();
          throw error;
        },
      );
      const order = epochOrder(SEED, 1, count).slice(0, losses.length * batchSize);
      return {
        ours: async (times) => {
          for (let i = 0; i < times; i++) await run();
        },
        job: {
          kind: "epoch",
          sizes: { model, lr, batch: batchSize, height: images.height, width: images.width },
          parts: {
            images: Uint8Array.from(images.images),
            labels: Uint8Array.from(images.labels),
            order: new Uint8Array(Int32Array.from(order).buffer),
            weights,
          },
        },
        losses,
        dispose,
      };
    },
  };
}
