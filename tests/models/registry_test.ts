import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { CNN } from "../../lib/models/cnn.ts";
import { MLP, MLP512 } from "../../lib/models/mlp.ts";
import { isModelName, type ModelName, models } from "../../lib/models/registry.ts";
import { Context } from "../../lib/nn/module.ts";
import { Random } from "../../lib/random.ts";
import { assert } from "../deps.ts";
import { hashTensor } from "../fixtures/hash_values.ts";

const mnist = { height: 28, width: 28, channels: 1, classes: 10 };

/** By arithmetic on the published layer sizes, and as PyTorch counts them. */
const COUNTS: Record<ModelName, number> = {
  "mlp": 109_386,
  "mlp-512": 407_050,
  "mlp-512-relu-logits": 407_050,
  "cnn": 3_199_106,
  "lenet5": 44_426,
  "resnet": 8_555,
  "resnet-conv-shortcut": 8_571,
  "resnet-18ish": 696_042,
  "gru": 18_698,
  "vit": 138_890,
};

Deno.test("the networks have as many parameters as PyTorch's", async () => {
  await openDevice();
  for (const [name, { build }] of Object.entries(models)) {
    const network = build(mnist, new Random(0));
    assert.equal(network.parameterCount, COUNTS[name as ModelName], name);
    network.dispose();
  }
});

Deno.test("isModelName() knows the registry and nothing that objects inherit", () => {
  for (const name of Object.keys(COUNTS)) assert.ok(isModelName(name));
  for (const name of ["", "CNN", "toString", "__proto__", "constructor"]) {
    assert.ok(!isModelName(name), name);
  }
});

Deno.test("the networks give a logit for each class, also of odd and colour images", async () => {
  const device = await openDevice();
  for (const [name, { build }] of Object.entries(models)) {
    // A residual network adds the image itself, of one channel, to the block's eight.
    const channels = name === "resnet" ? 1 : 3;
    const shape = { height: 9, width: 6, channels, classes: 4 };
    const images = tf.zeros([2, 9, 6, channels]);
    const logits = build(shape, new Random(0)).forward(images, new Context());
    assert.deepEqual(logits.shape, [2, 4], name);
  }
  device.check();
});

Deno.test("CNN refuses images that its pooling leaves nothing of", () => {
  for (const [height, width] of [[3, 28], [28, 3]] as const) {
    assert.throws(
      () => new CNN({ ...mnist, height, width }, new Random(0)),
      { name: "RangeError", message: /images must be 4x4 or more, got / },
    );
  }
});

Deno.test("MLP and CNN drop out while they train and never in evaluation", async () => {
  const device = await openDevice();
  const shape = { height: 8, width: 8, channels: 1, classes: 10 };
  const x = tf.tensor(hashTensor({ shape: [4, 8, 8, 1], seed: 1, scale: 1 }), [4, 8, 8, 1]);
  for (const Network of [MLP, CNN]) {
    const network = new Network(shape, new Random(0), { dropout: 0.5 });
    const run = async (context: Context) => [...await network.forward(x, context).data()];
    const training = (step: number) => Context.training(1, step);
    assert.deepEqual(await run(new Context()), await run(new Context()));
    assert.deepEqual(await run(training(0)), await run(training(0)));
    assert.notDeepEqual(await run(training(0)), await run(training(1)));
    assert.notDeepEqual(await run(training(0)), await run(new Context()));
  }
  device.check();
});

Deno.test("reluLogits clips the logits of MLP512 and changes nothing else", async () => {
  const device = await openDevice();
  const shape = { height: 8, width: 8, channels: 1, classes: 10 };
  const x = tf.tensor(hashTensor({ shape: [4, 8, 8, 1], seed: 1, scale: 1 }), [4, 8, 8, 1]);
  const plain = await new MLP512(shape, new Random(0)).forward(x).data();
  const clipped = await new MLP512(shape, new Random(0), { reluLogits: true }).forward(x).data();
  assert.ok(plain.some((logit) => logit < 0));
  assert.deepEqual([...clipped], Array.from(plain, (logit) => Math.max(0, logit)));
  device.check();
});
