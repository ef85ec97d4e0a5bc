/** Whole training steps of generators: plain tfjs against a compiled step of this library. @module */

import { ContextUnet } from "../models/context_unet.ts";
import { ditPresets } from "../models/dit_presets.ts";
import { Discriminator, Generator } from "../models/gan.ts";
import { UNet } from "../models/unet.ts";
import { Random } from "../random.ts";
import type { Contest } from "./contest.ts";
import { denoisingTrainings, ganTrainings } from "./generator_training.ts";
import { stepContest } from "./step_contest.ts";
import { contextUnet, dit, unet } from "./stock_generators.ts";
import { BATCH_SIZE, SHAPE } from "./workload.ts";

/** Images per step of the networks that denoise: with stock tfjs a step of more takes minutes. */
const FEW = 16;
/** Features of the ContextUnet, an eighth of the task's, for the same reason. */
const FEATURES = 16;
/** Labels dropped, as the tasks do. */
const DROP = { probability: 0.1, nullClass: SHAPE.classes };

/** Images of 28×28, with the recipes of the tasks but for what the names say. */
export const generatorSteps: readonly Contest[] = [
  stepContest(`step ddpm unet adam b${FEW}`, () =>
    denoisingTrainings({
      shape: SHAPE,
      batchSize: FEW,
      lr: 1e-3,
      timesteps: 1000,
      build: () => new UNet(SHAPE, new Random(1, "init")),
      plain: unet,
    })),
  stepContest(`step cddpm ${FEATURES} features adam b${FEW}`, () =>
    denoisingTrainings({
      shape: SHAPE,
      batchSize: FEW,
      lr: 1e-4,
      timesteps: 400,
      drop: DROP,
      build: () => new ContextUnet(SHAPE, new Random(1, "init"), { features: FEATURES }),
      plain: contextUnet(400),
    })),
  stepContest(`step dit-light adam b${FEW}`, () =>
    denoisingTrainings({
      shape: SHAPE,
      batchSize: FEW,
      lr: 1e-4,
      timesteps: 400,
      drop: DROP,
      build: () => ditPresets["dit-light"].build(SHAPE, new Random(1, "init")),
      plain: dit({ depth: 2, heads: 4 }),
    })),
  stepContest(`step gan b${BATCH_SIZE}`, () =>
    ganTrainings({
      shape: SHAPE,
      batchSize: BATCH_SIZE,
      lr: 2e-4,
      build: () => ({
        generator: new Generator(SHAPE, new Random(1, "init", "generator")),
        discriminator: new Discriminator(SHAPE, new Random(1, "init", "discriminator"), {
          dropout: 0,
        }),
      }),
    })),
];
