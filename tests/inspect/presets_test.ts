import { inspectPreset, PRESET_NAMES, type PresetName } from "../../lib/inspect/presets.ts";
import type { Layer } from "../../lib/inspect/layers.ts";
import { assert } from "../deps.ts";

const MNIST = { height: 28, width: 28, channels: 1, classes: 10 };

/** All layers that have no parts. */
function leaves(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => layer.layers.length > 0 ? leaves(layer.layers) : [layer]);
}

/** The published sizes: values, of which frozen, of which unused; buffers. */
const COUNTS: Readonly<Record<PresetName, readonly [number, number, number, number]>> = {
  "mlp": [109_386, 0, 0, 0],
  "mlp-512": [407_050, 0, 0, 0],
  "mlp-512-relu-logits": [407_050, 0, 0, 0],
  "cnn": [3_199_106, 0, 0, 0],
  "lenet5": [44_426, 0, 0, 0],
  "resnet": [8_555, 0, 0, 34],
  "resnet-conv-shortcut": [8_571, 0, 0, 34],
  // Statistics of 1 120 channels, and the passes, of 15 batch norms.
  "resnet-18ish": [696_042, 0, 0, 2 * 1120 + 15],
  "gru": [18_698, 0, 0, 0],
  "vit": [138_890, 0, 0, 0],
  "ddpm": [606_852, 100_000, 15_680, 0],
  // Statistics of 128 and 256 channels, and the passes, of 14 batch norms: 12 narrow, 2 wide.
  "cddpm": [6_585_601, 0, 0, 2 * (12 * 128 + 2 * 256) + 14],
  "cddpm-256": [26_311_169, 0, 0, 2 * (12 * 256 + 2 * 512) + 14],
  "dit-tiny": [388_640, 0, 0, 0],
  "dit-light": [184_272, 3_136, 0, 0],
  "dit-s4": [32_497_552, 18_816, 0, 0],
  "dit-s4-shared": [22_767_760, 18_816, 0, 0],
  "gan": [1_486_352 + 1_460_225, 0, 0, 0],
};

Deno.test("inspectPreset() counts all values of every network, in whole and by layers", () => {
  for (const preset of PRESET_NAMES) {
    const inspection = inspectPreset(preset, MNIST);
    const { parameters, frozen, unused, buffers, trained, layers } = inspection;
    assert.deepEqual([parameters, frozen, unused, buffers], COUNTS[preset], preset);
    assert.equal(trained + frozen + unused, parameters, preset);
    for (const key of ["parameters", "frozen", "unused", "buffers"] as const) {
      const sum = leaves(layers).reduce((total, layer) => total + layer[key], 0);
      assert.equal(sum, inspection[key], `${preset}: ${key}`);
    }
    assert.deepEqual(leaves(layers).filter(({ output }) => output === null), [], preset);
  }
});

Deno.test("inspectPreset() tells the GAN's two networks apart", () => {
  const { layers } = inspectPreset("gan", MNIST);
  assert.deepEqual(layers.map(({ path, parameters }) => [path, parameters]), [
    ["generator", 1_486_352],
    ["discriminator", 1_460_225],
  ]);
});

const linear = (inputs: number, outputs: number, rows = 1) => 2 * rows * inputs * outputs;
/** With a square window and square images of `size` rows: of the output, or the input if transposed. */
const conv = (inputs: number, outputs: number, window: number, size: number) =>
  2 * size ** 2 * window ** 2 * inputs * outputs;

/** Twice a 3×3 convolution per block, through these channels. */
const blocks = (size: number, channels: readonly number[]) =>
  channels.slice(1).reduce(
    (sum, to, i) => sum + conv(channels[i]!, to, 3, size) + conv(to, to, 3, size),
    0,
  );
const time = (...features: readonly number[]) =>
  features.reduce((sum, n) => sum + linear(100, n) + linear(n, n), 0);

/** Tokens, width: a block of a DiT. */
const ditBlock = (T: number, D: number) =>
  linear(D, 3 * D, T) + 2 * linear(D, T, T) + linear(D, D, T) + 2 * linear(D, 4 * D, T) +
  linear(D, 6 * D);

const FLOPS: Readonly<Partial<Record<PresetName, number>>> = {
  "mlp": linear(784, 128) + linear(128, 64) + linear(64, 10),
  "lenet5": conv(1, 6, 5, 24) + conv(6, 16, 5, 8) + linear(256, 120) + linear(120, 84) +
    linear(84, 10),
  "cnn": conv(1, 32, 5, 28) + conv(32, 64, 5, 14) + linear(3136, 1000) + linear(1000, 10),
  "gru": linear(28, 3 * 64, 28) + linear(64, 3 * 64, 28) + linear(64, 10),
  "vit": conv(1, 64, 4, 7) +
    4 * (linear(64, 192, 50) + 2 * linear(64, 50, 50) + linear(64, 64, 50) +
        2 * linear(64, 128, 50)) +
    linear(64, 10),
  "dit-light": conv(1, 64, 4, 7) + linear(256, 64) + linear(64, 64) + 2 * ditBlock(49, 64) +
    linear(64, 128) + linear(64, 16, 49),
  "dit-s4": conv(1, 384, 4, 7) + linear(256, 384) + linear(384, 384) + 12 * ditBlock(49, 384) +
    linear(384, 768) + linear(384, 16, 49),
  "ddpm": time(1, 10, 20, 40, 80, 40, 20) + blocks(28, [1, 10, 10, 10]) + conv(10, 10, 4, 14) +
    blocks(14, [10, 20, 20, 20]) + conv(20, 20, 4, 7) + blocks(7, [20, 40, 40, 40]) +
    conv(40, 40, 2, 6) + conv(40, 40, 4, 3) + blocks(3, [40, 20, 20, 40]) + conv(40, 40, 4, 3) +
    conv(40, 40, 2, 6) + blocks(7, [80, 40, 20, 20]) + conv(20, 20, 4, 7) +
    blocks(14, [40, 20, 10, 10]) + conv(10, 10, 4, 14) + blocks(28, [20, 10, 10, 10]) +
    conv(10, 1, 3, 28),
  "gan": linear(100, 256) + linear(256, 512) + linear(512, 1024) + linear(1024, 784) +
    linear(784, 1024) + linear(1024, 512) + linear(512, 256) + linear(256, 1),
};

Deno.test("inspectPreset() finds the FLOPs that hands find", () => {
  for (const [preset, flops] of Object.entries(FLOPS)) {
    assert.equal(inspectPreset(preset as PresetName, MNIST).flops, flops, preset);
  }
});

/** FLOPs of a layer by its number of weights, as often as it is applied. */
function expectedFlops(
  { kind, parameters, output }: Layer,
  preset: PresetName,
): number | undefined {
  const outputs = output!.at(-1)!;
  const places = output!.slice(0, -1).reduce((product, size) => product * size, 1);
  // Its convolutions leave the bias to the batch norms.
  const biases = kind === "Conv2d" && preset === "resnet-18ish" ? 0 : outputs;
  if (kind === "Linear" || kind === "Conv2d") return 2 * (parameters - biases) * places;
  if (kind === "ConvTranspose2d" || kind === "GRU") return undefined;
  return 0;
}

Deno.test("inspectPreset() misses no linear layer and no convolution", () => {
  for (const preset of PRESET_NAMES) {
    for (const layer of leaves(inspectPreset(preset, MNIST).layers)) {
      const expected = expectedFlops(layer, preset);
      if (expected === undefined) assert.ok(layer.flops > 0, `${preset}: ${layer.path}`);
      else assert.equal(layer.flops, expected, `${preset}: ${layer.path}`);
    }
  }
});

Deno.test("inspectPreset() counts the bytes of a training step", () => {
  const { memory } = inspectPreset("mlp", MNIST, { batchSize: 5 });
  assert.deepEqual(memory, {
    weights: 4 * 109_386,
    gradients: 4 * 109_386,
    adam: 8 * 109_386,
    // The images, two layers with ReLU, the second one's dropout, the logits.
    activations: 4 * 5 * (784 + 128 + 64 + 64 + 10),
    largest: 4 * 784 * 128,
  });
});

Deno.test("inspectPreset() counts activations in proportion to the batch", () => {
  const bytes = (batchSize: number) =>
    inspectPreset("cnn", MNIST, { batchSize }).memory.activations;
  assert.equal(bytes(64) - bytes(32), 2 * (bytes(32) - bytes(16)));
});

Deno.test("inspectPreset() takes images of other sizes, and refuses what a network refuses", () => {
  const digits = { height: 8, width: 8, channels: 1, classes: 10 };
  assert.equal(inspectPreset("mlp", digits).flops, linear(64, 128) + linear(128, 64) + 1280);
  assert.throws(() => inspectPreset("ddpm", digits), {
    name: "RangeError",
    message: /^Cannot build the U-Net: .* got 8x8$/,
  });
});
