/**
 * Every network trains to the same bits recorded as eagerly: the reference of a recording is what
 * tfjs does step by step.
 *
 * @module
 */

import { noiseImages } from "../../lib/bench/workload.ts";
import { openDevice } from "../../lib/device.ts";
import { tf } from "../../lib/deps.ts";
import { ForwardProcess } from "../../lib/diffusion/forward.ts";
import { type DiffusionLoss, diffusionLoss } from "../../lib/diffusion/loss.ts";
import { linearSchedule } from "../../lib/diffusion/schedule.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { type Batch, Feed } from "../../lib/engine/feed.ts";
import { GpuRandom } from "../../lib/engine/random.ts";
import { suitLanes } from "../../lib/engine/kernels/lanes.ts";
import { type CompiledStep, compileStep, eagerStep } from "../../lib/engine/step.ts";
import { ContextUnet } from "../../lib/models/context_unet.ts";
import type { DenoisingNetwork } from "../../lib/models/denoising_network.ts";
import { DiT } from "../../lib/models/dit.ts";
import { ditPresets } from "../../lib/models/dit_presets.ts";
import { Discriminator, Generator } from "../../lib/models/gan.ts";
import { type ModelName, models } from "../../lib/models/registry.ts";
import { UNet } from "../../lib/models/unet.ts";
import { bceWithLogits } from "../../lib/nn/bce.ts";
import { crossEntropy } from "../../lib/nn/loss.ts";
import { Context, type Module, type StateDict } from "../../lib/nn/module.ts";
import { Adam, AdamW } from "../../lib/nn/optim/adam.ts";
import { EMA } from "../../lib/nn/optim/ema.ts";
import type { Optimizer } from "../../lib/nn/optim/optimizer.ts";
import { SGD } from "../../lib/nn/optim/sgd.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar, Tensor } from "../../lib/tensor.ts";
import { assertAllClose } from "../allclose.ts";
import { assert } from "../deps.ts";
import { ownLanes } from "./own_lanes.ts";

const device = await openDevice();
const STEPS = 20;
const BATCH = 2;

/** An optimizer with a rate that falls from step to step. */
interface Recipe {
  readonly lr: number;
  readonly make: (parameters: ConstructorParameters<typeof SGD>[0], lr: number) => Optimizer;
  /** Whether the weights are averaged. */
  readonly ema?: boolean;
}

const sgd: Recipe = {
  lr: 0.05,
  make: (parameters, lr) => new SGD(parameters, { lr, momentum: 0.9, weightDecay: 1e-3 }),
};
const adam: Recipe = { lr: 1e-3, make: (parameters, lr) => new Adam(parameters, { lr }) };
const adamW: Recipe = { lr: 1e-3, make: (parameters, lr) => new AdamW(parameters, { lr }) };

/** Networks that are trained together, and their losses on a batch. */
interface Training {
  readonly networks: readonly Module[];
  /** Draws what else belongs to the step; the loss of each network, computed in turn. */
  readonly losses: (batch: Batch, context: Context) => readonly (() => Scalar)[];
}

/** Size of the images, how to train, and what; `part` keeps what else is to be freed. */
interface Case {
  readonly size: number;
  readonly recipe: Recipe;
  readonly build: (clock: Clock, part: <T extends { dispose(): void }>(part: T) => T) => Training;
}

const shapeOf = (size: number) => ({ height: size, width: size, channels: 1, classes: 10 });
const init = (name = "") => new Random(1, "init", name);

function classifier(name: ModelName, recipe: Recipe): Case {
  return {
    size: 8,
    recipe,
    build() {
      const network = models[name].build(shapeOf(8), init());
      return {
        networks: [network],
        losses: ({ images, labels }, context) => [
          () => crossEntropy(network.forward(images, context), labels),
        ],
      };
    },
  };
}

function denoiser(
  size: number,
  recipe: Recipe,
  make: (shape: ReturnType<typeof shapeOf>) => DenoisingNetwork,
  { loss = "mse", nullClass }: { loss?: DiffusionLoss; nullClass?: number } = {},
): Case {
  return {
    size,
    recipe,
    build(clock, part) {
      const network = make(shapeOf(size));
      const drop = nullClass === undefined ? {} : { drop: { probability: 0.2, nullClass } };
      const forward = part(new ForwardProcess(linearSchedule(400), { seed: 1, clock, ...drop }));
      return {
        networks: [network],
        losses({ images, labels }, context) {
          const batch = forward.draw(images, labels);
          return [
            () =>
              diffusionLoss(network.denoise(batch.x, batch.t, batch.labels, context), batch, loss),
          ];
        },
      };
    },
  };
}

const gan: Case = {
  size: 8,
  recipe: { ...adam, lr: 2e-4 },
  build(clock) {
    const generator = new Generator(shapeOf(8), init("generator"));
    const discriminator = new Discriminator(shapeOf(8), init("discriminator"));
    return {
      networks: [discriminator, generator],
      losses({ images }, context) {
        const z = GpuRandom.named(clock.step, 1, "z").normal([BATCH, generator.latent]);
        const told = (x: Tensor) => discriminator.forward(x, context);
        const fake = generator.forward(z);
        return [
          () => tf.add(bceWithLogits(told(images), 1), bceWithLogits(told(fake), 0)) as Scalar,
          () => bceWithLogits(told(generator.forward(z)), 1),
        ];
      },
    };
  },
};

/** A recipe for each, so that a new network cannot be forgotten. */
const CLASSIFIERS: Record<ModelName, Recipe> = {
  "mlp": { ...sgd, ema: true },
  "mlp-512": adam,
  "mlp-512-relu-logits": adamW,
  "cnn": sgd,
  "lenet5": adam,
  "resnet": adam,
  "resnet-conv-shortcut": { ...sgd, ema: true },
  "resnet-18ish": adamW,
  "gru": adam,
  "vit": { ...adamW, ema: true },
};

/** `dit-s4` and `dit-s4-shared` but narrow and shallow. */
const narrowDiT = (shared: boolean) =>
  denoiser(8, adam, (shape) => new DiT(shape, init(), { width: 16, depth: 2, heads: 2, shared }), {
    nullClass: 10,
  });

const CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(CLASSIFIERS).map(([name, recipe]) => [
      name,
      classifier(name as ModelName, recipe),
    ]),
  ),
  "U-Net": denoiser(12, { ...adam, ema: true }, (shape) => new UNet(shape, init())),
  "ContextUnet": denoiser(
    8,
    adam,
    (shape) => new ContextUnet(shape, init(), { features: 8 }),
    { nullClass: 10 },
  ),
  "dit-tiny": denoiser(8, adam, (shape) => ditPresets["dit-tiny"].build(shape, init()), {
    loss: "l1",
  }),
  "dit-light": denoiser(
    8,
    { ...adamW, ema: true },
    (shape) => ditPresets["dit-light"].build(shape, init()),
    { nullClass: 10 },
  ),
  "a narrow dit-s4": narrowDiT(false),
  "a narrow dit-s4-shared": narrowDiT(true),
  "gan": gan,
};

/** Trains; gives everything that is left behind, by name. */
async function train(
  compile: (step: () => Scalar) => CompiledStep,
  { size, recipe, build }: Case,
): Promise<StateDict> {
  const parts: { dispose(): void }[] = [];
  const part = <T extends { dispose(): void }>(used: T) => {
    parts.push(used);
    return used;
  };
  const images = noiseImages(STEPS * BATCH, shapeOf(size));
  const clock = part(new Clock());
  const feed = part(new Feed(images, { maxValue: 255, batchSize: BATCH, clock }));
  const { networks, losses } = build(clock, part);
  const trained = networks.map((network) => {
    part(network);
    const optimizer = part(recipe.make(network.namedParameters(), recipe.lr));
    optimizer.follow(clock, (step) => recipe.lr / (1 + step / 10), STEPS);
    const ema = recipe.ema ? part(new EMA(network.namedParameters())) : undefined;
    ema?.follow(clock, STEPS);
    return { network, optimizer, ema };
  });
  const step = part(compile(() => {
    const values = losses(feed.batch(BATCH), Context.training(1, clock.step)).map((loss, i) => {
      const { optimizer, ema } = trained[i]!;
      const { value, grads } = tf.variableGrads(loss, optimizer.variables);
      optimizer.step(grads);
      ema?.update();
      return value as Tensor;
    });
    clock.advance();
    return values.reduce((sum, value) => tf.add(sum, value)) as Scalar;
  }));
  // Windows of several lengths, so that submits begin and end within and between them; and weights
  // read in between, which tfjs would give again unchanged if it were not told.
  const values = [...await step.run(1), ...await step.run(2)];
  for (const network of networks) await network.stateDict();
  values.push(...await step.run(STEPS - values.length));
  device.check();
  const left: StateDict = new Map([
    ["losses", { shape: [STEPS], values: Float32Array.from(values) }],
  ]);
  for (const [i, { network, optimizer, ema }] of trained.entries()) {
    for (const [what, from] of Object.entries({ network, optimizer, ...(ema && { ema }) })) {
      for (const [name, tensor] of await from.stateDict()) left.set(`${what} ${i} ${name}`, tensor);
    }
  }
  for (const used of parts.reverse()) used.dispose();
  return left;
}

/** Not deepEqual: on a difference it would print the tensors whole. */
function assertSameBits(actual: StateDict, expected: StateDict): void {
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [name, { values }] of expected) {
    const other = actual.get(name)!.values;
    const [bits, otherBits] = [new Uint32Array(values.buffer), new Uint32Array(other.buffer)];
    const differing = bits.findIndex((word, i) => word !== otherBits[i]);
    const found = `${name}[${differing}]: ${other[differing]} instead of ${values[differing]}`;
    assert.equal(differing, -1, found);
  }
}

for (const [name, networkCase] of Object.entries(CASES)) {
  Deno.test(`${name} trains to the same bits recorded as eagerly`, async () => {
    const before = tf.memory().numTensors;
    const eager = await train(eagerStep, networkCase);
    const { values } = eager.get("losses")!;
    assert.ok(values.every(Number.isFinite), values.join());
    // Two of them may be equal by chance.
    assert.ok(new Set(values).size > STEPS / 2, `each step has its loss, got ${values.join()}`);
    assertSameBits(await train(compileStep, networkCase), eager);
    assert.equal(tf.memory().numTensors, before, "nothing is left behind");
  });
}

/** Between them they have most kinds of layers. */
for (const name of ["mlp", "lenet5", "resnet", "gru", "dit-light", "gan"]) {
  Deno.test(`${name} learns alike in workgroups of a software adapter's width and of a GPU's`, async () => {
    const losses = async (software: boolean) => {
      suitLanes({ software });
      try {
        return (await train(compileStep, CASES[name]!)).get("losses")!.values;
      } finally {
        await ownLanes();
      }
    };
    assertAllClose(await losses(false), await losses(true), { rtol: 1e-3, atol: 1e-4 });
  });
}
