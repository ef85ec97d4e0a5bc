/** The rows of the bench against PyTorch. @module */

import { tf } from "../../deps.ts";
import { UsageError } from "../../errors.ts";
import { ContextUnet } from "../../models/context_unet.ts";
import type { DenoisingNetwork } from "../../models/denoising_network.ts";
import { ditPresets } from "../../models/dit_presets.ts";
import { Random } from "../../random.ts";
import { convolution, KERNEL } from "../convolutions.ts";
import { compiledDenoising } from "../generator_training.ts";
import { noise, type Operation } from "../operation.ts";
import { product } from "../products.ts";
import { eagerly } from "../stock.ts";
import { WARM_UP } from "../step_contest.ts";
import { BATCH_SIZE, buildCNN, buildLeNet5, buildMLP, noiseImages, SHAPE } from "../workload.ts";
import type { PreparedRow, TorchContest } from "./contest.ts";
import { epochContest } from "./epochs.ts";
import { type TorchJob, VARIANTS } from "./peer.ts";

/** As the generators' recipes have it. */
const LR = 1e-4;
const TIMESTEPS = 400;

/** A step of a network that predicts noise; both sides draw it themselves. */
function denoisingContest(model: string, build: () => DenoisingNetwork): TorchContest {
  return {
    name: `step ${model} b${BATCH_SIZE}`,
    variants: VARIANTS,
    async prepare(): Promise<PreparedRow> {
      const { step, dispose } = compiledDenoising({
        shape: SHAPE,
        batchSize: BATCH_SIZE,
        lr: LR,
        timesteps: TIMESTEPS,
        drop: { probability: 0.1, nullClass: SHAPE.classes },
        build,
      });
      try {
        await step.run(WARM_UP);
      } catch (error) {
        dispose();
        throw error;
      }
      const { images, labels, height, width } = noiseImages();
      return {
        ours: async (times) => void await step.run(times),
        job: {
          kind: "denoising",
          sizes: { model, lr: LR, timesteps: TIMESTEPS, height, width },
          parts: { images: Uint8Array.from(images), labels: Uint8Array.from(labels) },
        },
        dispose,
      };
    },
  };
}

/** A single operation, run eagerly on both sides. */
function operationRow(
  { name, flops, shapes, call }: Operation,
  job: TorchJob,
): TorchContest {
  return {
    name,
    flops,
    variants: ["eager", "shipped"],
    async prepare(): Promise<PreparedRow> {
      const inputs = shapes.map((shape, i) => noise(shape, i));
      const ours = eagerly(() => call(inputs));
      await ours(1);
      return { ours, job, dispose: () => tf.dispose(inputs) };
    },
  };
}

function squareProduct(size: number): TorchContest {
  const operation = product(`matmul ${size}x${size}x${size}`, [size, size], [size, size]);
  return operationRow(operation, { kind: "product", sizes: { size } });
}

/** The CNN's second convolution. */
function convolutionRows(): TorchContest[] {
  const sizes = { batch: BATCH_SIZE, size: 14, inputs: 32, outputs: 64, kernel: KERNEL };
  const passes = ["forward", "input gradient", "filter gradient"];
  return convolution(sizes.size, sizes.inputs, sizes.outputs).map((operation, i) =>
    operationRow(operation, { kind: "convolution", sizes: { ...sizes, pass: passes[i]! } })
  );
}

/**
 * The rows whose name holds `filter`, in small or capital letters; all of them for an empty one.
 *
 * @param filter A part of a name.
 * @param images Images in an epoch.
 * @throws {UsageError} When there is none.
 */
export function pickTorchRows(filter: string, images: number): TorchContest[] {
  const dit = (name: "dit-light" | "dit-s4") => () =>
    ditPresets[name].build(SHAPE, new Random(1, "init"));
  const rows = [
    ...[64, 512].flatMap((batchSize) => [
      epochContest("mlp", buildMLP, batchSize, images),
      epochContest("lenet5", buildLeNet5, batchSize, images),
      epochContest("cnn", buildCNN, batchSize, images),
    ]),
    denoisingContest("dit-light", dit("dit-light")),
    denoisingContest("dit-s4", dit("dit-s4")),
    denoisingContest(
      "cddpm",
      () => new ContextUnet(SHAPE, new Random(1, "init"), { features: 128 }),
    ),
    squareProduct(1024),
    squareProduct(4096),
    ...convolutionRows(),
  ];
  const picked = rows.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  if (picked.length > 0) return picked;
  throw new UsageError(
    `Cannot run the bench: --filter must be part of a row's name, got ${JSON.stringify(filter)}. ` +
      `The rows are ${rows.map(({ name }) => name).join(", ")}.`,
  );
}
