/** Whole training steps: plain tfjs against a compiled step of this library. @module */

import { DeviceError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import { compiledTraining } from "./compiled_training.ts";
import type { Contest, PreparedPair } from "./contest.ts";
import { cnn, type Forward, gru, lenet5, mlp, vit } from "./stock_networks.ts";
import { stockTraining } from "./stock_training.ts";
import {
  buildCNN,
  buildGRU,
  buildLeNet5,
  buildMLP,
  buildViT,
  noiseImages,
  type Training,
  WITH_ADAM,
  WITH_SGD,
} from "./workload.ts";

/** Steps until everything is compiled, recorded and allocated; their losses are compared. */
const WARM_UP = 3;
/** How far losses may lie apart: sums of float32 in another order, over a few steps. */
const TOLERANCE = 1e-3;
/** More steps than a comparison takes. */
const MAX_STEPS = 50_000;

function stepContest(
  name: string,
  build: () => Module,
  forward: Forward,
  training: Training,
): Contest {
  return {
    name,
    async prepare(): Promise<PreparedPair> {
      const images = noiseImages();
      const network = build();
      // First, since it copies the weights that our own first step changes.
      const stock = stockTraining(forward, network, training, images, WARM_UP);
      const compiled = compiledTraining(network, training, images, MAX_STEPS);
      const dispose = () => {
        compiled.dispose();
        stock.dispose();
      };
      try {
        await stock.run(WARM_UP);
        requireAgreement(await stock.losses(), await compiled.step.run(WARM_UP));
      } catch (error) {
        dispose();
        throw error;
      }
      const ours = async (times: number) => void await compiled.step.run(times);
      return { stock: stock.run, ours, dispose };
    },
  };
}

/**
 * Times of two things that do not compute the same mean nothing.
 *
 * @throws {DeviceError} When losses of the same step lie too far apart.
 */
export function requireAgreement(stock: readonly number[], ours: Float32Array): void {
  const differs = stock.findIndex((loss, i) => !(Math.abs(loss - ours[i]!) <= TOLERANCE));
  if (differs < 0) return;
  throw new DeviceError(
    `Cannot compare: the losses of step ${differs + 1} must agree to ${TOLERANCE}, ` +
      `got ${stock[differs]} with stock tfjs and ${ours[differs]} with ours. ` +
      "One of them is wrong on this adapter; `deno task doctor` looks closer.",
  );
}

/** Images of 28×28, batches of 64. */
export const steps: readonly Contest[] = [
  stepContest("step mlp sgd", buildMLP, mlp, WITH_SGD),
  stepContest("step mlp adam", buildMLP, mlp, WITH_ADAM),
  stepContest("step cnn sgd", buildCNN, cnn, WITH_SGD),
  stepContest("step cnn adam", buildCNN, cnn, WITH_ADAM),
  stepContest("step lenet5 adam", buildLeNet5, lenet5, WITH_ADAM),
  stepContest("step gru adam", buildGRU, gru, WITH_ADAM),
  stepContest("step vit adam", buildViT, vit, WITH_ADAM),
];
