/** Training a GAN. @module */

import { tf } from "../deps.ts";
import { GAN } from "../models/gan.ts";
import type { ImageShape } from "../models/shape.ts";
import { bceWithLogits } from "../nn/bce.ts";
import { Context, type StateDict } from "../nn/module.ts";
import type { Optimizer } from "../nn/optim/optimizer.ts";
import { GpuRandom } from "../engine/random.ts";
import { Random } from "../random.ts";
import { makeEma, makeOptimizer, makeSchedule } from "../train/recipe.ts";
import type { Scalar } from "../tensor.ts";
import { latentDrawer } from "./latent_drawer.ts";
import type { GanRecipe } from "./recipe.ts";
import type { GeneratorTraining, TrainedGenerator } from "./training.ts";

/** Pixels as the generator's tanh gives them. */
const RANGE = [-1, 1] as const;

/**
 * A generator and a discriminator with fresh weights, and their training: in each step first the
 * discriminator learns on a batch of images and as many drawn ones, then the generator learns what the
 * discriminator takes for real, with the non-saturating loss.
 *
 * Reference: Goodfellow et al. 2014, <https://arxiv.org/abs/1406.2661>.
 */
export function ganTraining(shape: ImageShape, recipe: GanRecipe): TrainedGenerator {
  const { seed } = recipe;
  const network = new GAN(shape, new Random(seed, "init"));
  const { generator, discriminator } = network;
  const optimizer = new OptimizerPair({
    discriminator: makeOptimizer(recipe, discriminator),
    generator: makeOptimizer(recipe, generator),
  });
  const ema = makeEma(recipe, network);

  const training: GeneratorTraining = {
    losses: ["train_loss", "generator_loss"],
    range: RANGE,
    labelled: false,
    follow(clock, total) {
      const rate = makeSchedule(recipe, total);
      for (const part of Object.values(optimizer.parts)) {
        part.follow(clock, (step) => recipe.lr * rate(step), total);
      }
      ema?.follow(clock, total);
    },
    step({ images }, clock) {
      const count = images.shape[0];
      const latents = (name: string) =>
        GpuRandom.named(clock.step, seed, "gan", name).normal([count, generator.latent]);
      const context = Context.training(seed, clock.step);
      const judge = (x: tf.Tensor) => discriminator.forward(x, context);
      const learn = (part: Optimizer, loss: () => Scalar) => {
        const { value, grads } = tf.variableGrads(loss, part.variables);
        part.step(grads);
        return value;
      };
      const drawn = generator.forward(latents("discriminator"));
      const ofDiscriminator = learn(
        optimizer.parts.discriminator,
        () => tf.add(bceWithLogits(judge(images), 1), bceWithLogits(judge(drawn), 0)) as Scalar,
      );
      const z = latents("generator");
      const ofGenerator = learn(
        optimizer.parts.generator,
        () => bceWithLogits(judge(generator.forward(z)), 1),
      );
      ema?.update();
      return tf.concat([tf.reshape(ofDiscriminator, [1]), tf.reshape(ofGenerator, [1])]);
    },
    drawer: ({ count, seed }) => latentDrawer(generator, count, seed),
    dispose: () => {},
  };
  return { network, optimizer, ema, training };
}

/** Two optimizers whose state is saved together. */
class OptimizerPair {
  readonly parts: Readonly<Record<"discriminator" | "generator", Optimizer>>;

  constructor(parts: OptimizerPair["parts"]) {
    this.parts = parts;
  }

  get steps(): number {
    return this.parts.generator.steps;
  }

  set steps(steps: number) {
    for (const part of Object.values(this.parts)) part.steps = steps;
  }

  async stateDict(): Promise<StateDict> {
    const state: StateDict = new Map();
    for (const [name, part] of Object.entries(this.parts)) {
      for (const [key, tensor] of await part.stateDict()) state.set(`${name}.${key}`, tensor);
    }
    return state;
  }

  loadStateDict(state: StateDict, steps: number): void {
    for (const [name, part] of Object.entries(this.parts)) {
      const own = [...state].filter(([key]) => key.startsWith(`${name}.`));
      part.loadStateDict(
        new Map(own.map(([key, tensor]) => [key.slice(name.length + 1), tensor])),
        steps,
      );
    }
  }
}
