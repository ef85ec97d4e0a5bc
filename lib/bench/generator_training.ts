/**
 * Training generators both ways, on the same noise.
 *
 * Ours draws it within its step, as a training loop does. Stock tfjs would draw it on the CPU: it gets
 * what our step will draw instead, before the clock starts, for the first steps; then it begins again
 * with the first of these.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { ForwardProcess, type NoisyBatch } from "../diffusion/forward.ts";
import { diffusionLoss } from "../diffusion/loss.ts";
import { linearSchedule } from "../diffusion/schedule.ts";
import { Clock } from "../engine/clock.ts";
import { Feed } from "../engine/feed.ts";
import { GpuRandom } from "../engine/random.ts";
import { compileStep } from "../engine/step.ts";
import type { DenoisingNetwork } from "../models/denoising_network.ts";
import type { Discriminator, Generator } from "../models/gan.ts";
import type { ImageShape } from "../models/shape.ts";
import { bceWithLogits } from "../nn/bce.ts";
import { Context, type Module } from "../nn/module.ts";
import { Adam } from "../nn/optim/adam.ts";
import type { Scalar, Tensor, Tensor4D } from "../tensor.ts";
import { type CompiledTraining, STEPS_PER_SUBMIT } from "./compiled_training.ts";
import { type BothTrainings, MAX_STEPS, WARM_UP } from "./step_contest.ts";
import { type Denoise, discriminator as plainD, generator as plainG } from "./stock_generators.ts";
import { stockOptimizer, type StockStep, stockTraining, StockWeights } from "./stock_training.ts";
import { MAX_VALUE, noiseImages } from "./workload.ts";

/** What both ways of training have in common. */
interface Sizes {
  /** Size of the images, number of classes. */
  readonly shape: ImageShape;
  /** Images per step. */
  readonly batchSize: number;
  /** Learning rate of Adam. */
  readonly lr: number;
}

/** Training a network that predicts noise, with a linear schedule and the mean squared error. */
export interface DenoisingWorkload extends Sizes {
  /** The network with weights that are always the same. */
  readonly build: () => DenoisingNetwork;
  /** T. */
  readonly timesteps: number;
  /** Labels dropped for guidance. @default none */
  readonly drop?: { readonly probability: number; readonly nullClass: number };
}

/** Both trainings of a denoising network. */
export function denoisingTrainings(
  workload: DenoisingWorkload & {
    /** The network in plain tfjs. */
    readonly plain: Denoise;
  },
): BothTrainings {
  const { network, firstDraws, compile } = denoising(workload);
  const stock = stockDenoiser(workload.plain, network, workload.lr, firstDraws());
  return { stock: stockTraining(stock, WARM_UP), compiled: compile() };
}

/** Our training of a denoising network by itself. */
export function compiledDenoising(workload: DenoisingWorkload): CompiledTraining {
  return denoising(workload).compile();
}

function denoising({ shape, batchSize, lr, timesteps, drop, build }: DenoisingWorkload) {
  const network = build();
  const loop = new Loop(shape, batchSize);
  const { clock } = loop;
  const schedule = linearSchedule(timesteps);
  const forward = new ForwardProcess(schedule, { seed: 1, clock, ...(drop && { drop }) });
  const draw = () => {
    const { images, labels } = loop.feed.batch(batchSize);
    return forward.draw(images, labels);
  };
  return {
    network,
    firstDraws: () => loop.firstDraws(draw),
    compile(): CompiledTraining {
      const train = loop.trainer(network, lr);
      return loop.compile(() => {
        const batch = draw();
        const context = Context.training(1, clock.step);
        return train(() =>
          diffusionLoss(network.denoise(batch.x, batch.t, batch.labels, context), batch)
        );
      }, forward);
    },
  };
}

function stockDenoiser(
  plain: Denoise,
  network: DenoisingNetwork,
  lr: number,
  batches: readonly NoisyBatch[],
): StockStep {
  const weights = new StockWeights(network);
  const optimizer = stockOptimizer({ optimizer: "adam", lr });
  let taken = 0;
  return {
    take(): Scalar {
      const batch = batches[taken++ % batches.length]!;
      const loss = () =>
        tf.mean(tf.square(tf.sub(plain(batch, weights.get), batch.target))) as Scalar;
      return optimizer.minimize(loss, true, weights.trained)!;
    },
    dispose(): void {
      for (const batch of batches) tf.dispose({ ...batch });
      weights.dispose();
      optimizer.dispose();
    },
  };
}

/** Training a generator and a discriminator against each other. */
export interface GANWorkload extends Sizes {
  /** The networks with weights that are always the same. */
  readonly build: () => { readonly generator: Generator; readonly discriminator: Discriminator };
}

/** Both trainings of a pair, by binary cross-entropy: the discriminator's step, then the generator's. */
export function ganTrainings({ shape, batchSize, lr, build }: GANWorkload): BothTrainings {
  const { generator, discriminator } = build();
  const loop = new Loop(shape, batchSize);
  const draw = () => ({
    real: loop.feed.batch(batchSize).images,
    z: GpuRandom.named(loop.clock.step, 1, "z").normal([batchSize, generator.latent]),
  });
  const stock = stockGAN(generator, discriminator, lr, loop.firstDraws(draw));
  const trainD = loop.trainer(discriminator, lr);
  const trainG = loop.trainer(generator, lr);
  const compiled = loop.compile(() => {
    const { real, z } = draw();
    const context = Context.training(1, loop.clock.step);
    const told = (images: Tensor) => discriminator.forward(images, context);
    const fake = generator.forward(z);
    const lossD = trainD(() =>
      tf.add(bceWithLogits(told(real), 1), bceWithLogits(told(fake), 0)) as Scalar
    );
    const lossG = trainG(() => bceWithLogits(told(generator.forward(z)), 1));
    return tf.add(lossD, lossG) as Scalar;
  });
  return { stock: stockTraining(stock, WARM_UP), compiled };
}

function stockGAN(
  generator: Generator,
  discriminator: Discriminator,
  lr: number,
  draws: readonly { readonly real: Tensor4D; readonly z: Tensor }[],
): StockStep {
  const g = new StockWeights(generator);
  const d = new StockWeights(discriminator);
  const [adamG, adamD] = [g, d].map(() => stockOptimizer({ optimizer: "adam", lr })) as [
    tf.Optimizer,
    tf.Optimizer,
  ];
  const bce = (logits: Tensor, target: Tensor) =>
    tf.losses.sigmoidCrossEntropy(target, logits) as Scalar;
  const [count] = draws[0]!.z.shape as [number];
  const [ones, zeros] = [tf.ones([count, 1]), tf.zeros([count, 1])];
  let taken = 0;
  return {
    take(): Scalar {
      const { real, z } = draws[taken++ % draws.length]!;
      return tf.tidy(() => {
        const told = (images: Tensor) => plainD(images, d.get);
        const fake = plainG(z, g.get);
        const computeD = () => tf.add(bce(told(real), ones), bce(told(fake), zeros)) as Scalar;
        const lossD = adamD.minimize(computeD, true, d.trained)!;
        const lossG = adamG.minimize(() => bce(told(plainG(z, g.get)), ones), true, g.trained)!;
        return tf.add(lossD, lossG) as Scalar;
      });
    },
    dispose(): void {
      tf.dispose([ones, zeros, ...draws.flatMap(({ real, z }) => [real, z])]);
      for (const part of [g, d, adamG, adamD]) part.dispose();
    },
  };
}

/** What our training loop has beside the networks: images on the GPU, a clock, optimizers. */
class Loop {
  readonly clock = new Clock();
  readonly feed: Feed;
  readonly #parts: { dispose(): void }[] = [this.clock];

  constructor(shape: ImageShape, batchSize: number) {
    const images = noiseImages(batchSize, shape);
    this.feed = new Feed(images, { maxValue: MAX_VALUE, batchSize, clock: this.clock });
    this.#parts.push(this.feed);
  }

  /** What `draw` gives in the first steps. */
  firstDraws<T extends object>(draw: () => T): T[] {
    const draws = Array.from({ length: WARM_UP }, (_, step) => {
      this.clock.set(step);
      return tf.tidy(draw as () => tf.TensorContainerObject) as T;
    });
    this.clock.set(0);
    return draws;
  }

  /** Takes a step of Adam against the gradients of a loss. */
  trainer(network: Module, lr: number): (loss: () => Scalar) => Scalar {
    const optimizer = new Adam(network.namedParameters(), { lr });
    optimizer.follow(this.clock, () => lr, MAX_STEPS);
    this.#parts.push(optimizer, network);
    return (loss) => {
      const { value, grads } = tf.variableGrads(loss, optimizer.variables);
      optimizer.step(grads);
      return value;
    };
  }

  /** Compiles a step. */
  compile(takeStep: () => Scalar, ...parts: readonly { dispose(): void }[]): CompiledTraining {
    const step = compileStep(() => {
      const loss = takeStep();
      this.clock.advance();
      return loss;
    }, { stepsPerSubmit: STEPS_PER_SUBMIT });
    return {
      step,
      dispose: () => [step, ...parts, ...this.#parts].forEach((part) => part.dispose()),
    };
  }
}
