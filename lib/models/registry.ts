/** The networks by name. @module */

import type { Module } from "../nn/module.ts";
import type { Random } from "../random.ts";
import { CNN } from "./cnn.ts";
import { GRUClassifier } from "./gru.ts";
import { LeNet5 } from "./lenet5.ts";
import { MLP, MLP512 } from "./mlp.ts";
import { ResNet } from "./resnet.ts";
import { ResNet18ish } from "./resnet18ish.ts";
import type { ImageShape } from "./shape.ts";
import { ViT } from "./vit.ts";

/** How to build one network. */
export interface ModelEntry {
  /** What it is, in a few words. */
  readonly summary: string;
  /** Builds it with fresh weights. */
  readonly build: (shape: ImageShape, random: Random) => Module;
}

/** Every classifier network, by the name that `--model` and checkpoints use. */
export const models = {
  "mlp": {
    summary: "784-128-64-10, ReLU",
    build: (shape, random) => new MLP(shape, random),
  },
  "mlp-512": {
    summary: "784-512-10, ReLU",
    build: (shape, random) => new MLP512(shape, random),
  },
  "mlp-512-relu-logits": {
    summary: "784-512-10, ReLU on the logits too",
    build: (shape, random) => new MLP512(shape, random, { reluLogits: true }),
  },
  "cnn": {
    summary: "two 5×5 convolutions (32, 64), 1000 units",
    build: (shape, random) => new CNN(shape, random),
  },
  "lenet5": {
    summary: "two 5×5 convolutions (6, 16), average pooling, 120 and 84 units",
    build: (shape, random) => new LeNet5(shape, random),
  },
  "resnet": {
    summary: "two 3×3 convolutions of 8 channels with batch norm, identity shortcut",
    build: (shape, random) => new ResNet(shape, random),
  },
  "resnet-conv-shortcut": {
    summary: "the same with a 1×1 convolution on the shortcut",
    build: (shape, random) => new ResNet(shape, random, { convShortcut: true }),
  },
  "resnet-18ish": {
    summary: "ResNet-18 for digits: 3 stages of 2 blocks with 32, 64 and 128 channels",
    build: (shape, random) => new ResNet18ish(shape, random),
  },
  "gru": {
    summary: "a GRU of 64 units that reads the image row by row",
    build: (shape, random) => new GRUClassifier(shape, random),
  },
  "vit": {
    summary: "patches of 4×4, 4 transformer blocks of width 64 with 8 heads",
    build: (shape, random) => new ViT(shape, random),
  },
} as const satisfies Record<string, ModelEntry>;

/** A name in {@link models}. */
export type ModelName = keyof typeof models;

/** Whether `name` is that of a network. */
export function isModelName(name: string): name is ModelName {
  return Object.hasOwn(models, name);
}
