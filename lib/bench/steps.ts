/** Whole training steps of classifiers: plain tfjs against a compiled step of this library. @module */

import type { Module } from "../nn/module.ts";
import { compiledTraining } from "./compiled_training.ts";
import type { Contest } from "./contest.ts";
import { MAX_STEPS, stepContest, WARM_UP } from "./step_contest.ts";
import { cnn, type Forward, gru, lenet5, mlp, vit } from "./stock_networks.ts";
import { stockClassifier, stockTraining } from "./stock_training.ts";
import {
  BATCH_SIZE,
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

function classifierStep(
  name: string,
  build: () => Module,
  forward: Forward,
  training: Training,
  batchSize = BATCH_SIZE,
): Contest {
  return stepContest(name, () => {
    const images = noiseImages(batchSize);
    const network = build();
    // First, since it copies the weights that our own first step changes.
    const stock = stockTraining(stockClassifier(forward, network, training, images), WARM_UP);
    return { stock, compiled: compiledTraining(network, training, images, MAX_STEPS) };
  });
}

/** Images of 28×28, batches of 64 but where the name says another number. */
export const steps: readonly Contest[] = [
  classifierStep("step mlp sgd", buildMLP, mlp, WITH_SGD),
  classifierStep("step mlp adam", buildMLP, mlp, WITH_ADAM),
  classifierStep("step cnn sgd", buildCNN, cnn, WITH_SGD),
  classifierStep("step cnn adam", buildCNN, cnn, WITH_ADAM),
  classifierStep("step lenet5 adam", buildLeNet5, lenet5, WITH_ADAM),
  classifierStep("step gru adam", buildGRU, gru, WITH_ADAM),
  // With 64, stock tfjs on a slow software adapter takes minutes until it is warm.
  classifierStep("step vit adam b16", buildViT, vit, WITH_ADAM, 16),
];
