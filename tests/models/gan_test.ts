/** The networks of the GAN: their sizes, and that they compute and learn what PyTorch's do. @module */

import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Discriminator, Generator } from "../../lib/models/gan.ts";
import { bceWithLogits } from "../../lib/nn/bce.ts";
import { Context } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { Random } from "../../lib/random.ts";
import type { Scalar, Tensor } from "../../lib/tensor.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/nn_dit.json" with { type: "json" };
import { type HashTensor, hashTensor } from "../fixtures/hash_values.ts";
import whole from "../fixtures/nn_generators_28.json" with { type: "json" };
import { fromTorch } from "../nn/reference.ts";
import {
  checkGradients,
  checkSamples,
  checkSteps,
  fill,
  type Sampled,
  trained,
  type WeightsCase,
} from "./denoiser_case.ts";

type NetworkCase = WeightsCase & { readonly output: Sampled };

/** What the fixtures say of both networks at one size. */
interface GANCase {
  readonly size: number;
  readonly z: HashTensor;
  readonly real: HashTensor;
  readonly generator: NetworkCase;
  readonly discriminator: NetworkCase;
  /** Sums of both losses, before each network's update with Adam at 2e-4. */
  readonly losses: readonly number[];
}

const SIZE = { height: 8, width: 8 };
const device = await openDevice();
const cases: readonly GANCase[] = [fixture.gan, whole.gan];

/** The networks of a case, a generator's input and real images. */
function start({ size, ...gan }: GANCase) {
  const shape = { height: size, width: size };
  return {
    generator: fill(new Generator(shape, new Random(0)), gan.generator),
    discriminator: fill(new Discriminator(shape, new Random(0), { dropout: 0 }), gan.discriminator),
    z: fromTorch(hashTensor(gan.z), gan.z.shape),
    real: fromTorch(hashTensor(gan.real), gan.real.shape),
  };
}

Deno.test("the networks of the GAN have the sizes stated", () => {
  const size = { height: 28, width: 28 };
  assert.equal(new Generator(size, new Random(1)).parameterCount, 1_486_352);
  assert.equal(new Discriminator(size, new Random(1)).parameterCount, 1_460_225);
});

for (const gan of cases) {
  const images = `${gan.real.shape[0]} images of ${gan.size}x${gan.size}`;

  Deno.test(`the networks of the GAN compute what PyTorch's do, of ${images}`, async () => {
    const { generator, discriminator, z, real } = start(gan);
    const context = new Context();
    await checkSamples(generator.forward(z), gan.generator.output);
    await checkSamples(discriminator.forward(real, context), gan.discriminator.output);
    const all = [generator, discriminator].flatMap(trained).map(([, { variable }]) => variable);
    const loss = () => bceWithLogits(discriminator.forward(generator.forward(z), context), 1);
    const { grads } = tf.variableGrads(loss, all);
    await checkGradients(generator, grads, gan.generator);
    await checkGradients(discriminator, grads, gan.discriminator);
    device.check();
  });

  // Eager steps of the large one add seconds, and nothing that the small one does not show.
  const eagerly = gan === fixture.gan;
  const how = eagerly ? "recorded as eagerly" : "recorded";
  Deno.test(`the GAN learns as in PyTorch, ${how}, of ${images}`, async () => {
    await checkSteps(
      (clock, steps) => {
        const { generator, discriminator, z, real } = start(gan);
        const context = new Context();
        const optimizers = [discriminator, generator].map((network) => {
          const optimizer = new Adam(network.namedParameters(), { lr: 2e-4 });
          optimizer.follow(clock, () => 2e-4, steps);
          return optimizer;
        });
        const told = (images: Tensor) => discriminator.forward(images, context);
        const losses = [
          () => {
            const fake = generator.forward(z);
            return tf.add(bceWithLogits(told(real), 1), bceWithLogits(told(fake), 0)) as Scalar;
          },
          () => bceWithLogits(told(generator.forward(z)), 1),
        ];
        return () => {
          const [first, second] = losses.map((loss, i) => {
            const { value, grads } = tf.variableGrads(loss, optimizers[i]!.variables);
            optimizers[i]!.step(grads);
            return value;
          });
          return tf.add(first!, second!) as Scalar;
        };
      },
      gan.losses,
      eagerly ? undefined : 0,
    );
  });
}

Deno.test("the discriminator drops out while it trains only", async () => {
  const network = new Discriminator(SIZE, new Random(1));
  const real = tf.ones([16, 8, 8, 1]);
  const told = (context: Context) => network.forward(real, context).data();
  assert.deepEqual(await told(new Context()), await told(new Context()));
  assert.deepEqual(await told(Context.training(1, 0)), await told(Context.training(1, 0)));
  assert.notDeepEqual(await told(Context.training(1, 0)), await told(Context.training(1, 1)));
  assert.notDeepEqual(await told(Context.training(1, 0)), await told(new Context()));
});

Deno.test("the generator makes images in (-1, 1)", async () => {
  const images = new Generator(SIZE, new Random(1)).forward(tf.randomNormal([16, 100], 0, 50));
  assert.deepEqual(images.shape, [16, 8, 8, 1]);
  assert.ok((await images.data()).every((value) => Math.abs(value) <= 1));
});
