/** The project's generators as one writes them in plain tfjs. @module */

import { tf } from "../deps.ts";
import type { NoisyBatch } from "../diffusion/forward.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";
import {
  attention,
  conv,
  convTranspose,
  flat,
  gelu,
  geluTanh,
  groupNorm,
  linear,
  norm,
  normalize,
  perToken,
  silu,
} from "./stock_layers.ts";

/** A parameter or buffer of the network by its name in checkpoints. */
export type Weights = (name: string) => Tensor;

/** From a noisy batch and weights to a prediction of the batch's target. */
export type Denoise = (batch: NoisyBatch, weights: Weights) => Tensor;

/** Layers that take the name of their weights in the place of the weights. */
function namedLayers(weights: Weights) {
  const named = <Options extends unknown[]>(
    layer: (x: Tensor, weight: Tensor, bias: Tensor, ...options: Options) => Tensor,
  ) =>
  (name: string, x: Tensor, ...options: Options) =>
    layer(x, weights(`${name}.weight`), weights(`${name}.bias`), ...options);
  return {
    conv: named(conv),
    convTranspose: named(convTranspose),
    groupNorm: named(groupNorm),
    linear: named(linear),
    norm: named(norm),
    perToken: named(perToken),
  };
}

/** A vector for each image, `(N, C)`, to go with all pixels of each: `(N, 1, 1, C)`. */
function perPixel(vector: Tensor): Tensor {
  return tf.reshape(vector, [-1, 1, 1, vector.shape[1]!]);
}

/** The U-Net of `ddpm`. */
export function unet({ x, t }: NoisyBatch, weights: Weights): Tensor {
  const layers = namedLayers(weights);
  const time = tf.gather(weights("time_embed.weight"), tf.cast(t, "int32") as Tensor1D);
  const stage = (blocks: string, embedding: string, images: Tensor[], norms = 3) => {
    const hidden = silu(layers.linear(`${embedding}.0`, time));
    let h: Tensor = images.length === 1 ? images[0]! : tf.concat(images, 3);
    h = tf.add(h, perPixel(layers.linear(`${embedding}.2`, hidden)));
    for (let i = 0; i < 3; i++) {
      if (i < norms) h = layers.norm(`${blocks}.${i}.ln`, h, [1, 2, 3]);
      h = silu(layers.conv(`${blocks}.${i}.conv1`, h, "same"));
      h = silu(layers.conv(`${blocks}.${i}.conv2`, h, "same"));
    }
    return h;
  };
  const down1 = stage("b1", "te1", [x]);
  const down2 = stage("b2", "te2", [layers.conv("down1", down1, "same", 2)]);
  const down3 = stage("b3", "te3", [layers.conv("down2", down2, "same", 2)]);
  let h = layers.conv("down3.2", silu(layers.conv("down3.0", down3, "valid")), "same", 2);
  h = silu(layers.convTranspose("up1.0", stage("b_mid", "te_mid", [h]), "same", 2));
  h = stage("b4", "te4", [down3, layers.convTranspose("up1.2", h, "valid")]);
  h = stage("b5", "te5", [down2, layers.convTranspose("up2", h, "same", 2)]);
  h = stage("b_out", "te_out", [down1, layers.convTranspose("up3", h, "same", 2)], 2);
  return layers.conv("conv_out", h, "same");
}

const GROUPS = 8;

/**
 * The ContextUnet of `cddpm`, for `timesteps` times. Its batch norms keep no running statistics, which
 * takes work off it.
 */
export function contextUnet(timesteps: number): Denoise {
  return ({ x, t, labels }, weights) => {
    const layers = namedLayers(weights);
    const half = (name: string, h: Tensor) =>
      gelu(layers.norm(`${name}.1`, layers.conv(`${name}.0`, h, "same"), [0, 1, 2]));
    const block = (name: string, h: Tensor) => half(`${name}.conv2`, half(`${name}.conv1`, h));
    const embed = (name: string, input: Tensor) =>
      perPixel(layers.linear(`${name}.2`, gelu(layers.linear(`${name}.0`, input))));
    const pool = (h: Tensor) => tf.maxPool(h as Tensor4D, 2, 2, "valid");
    const up = (name: string, h: Tensor) => {
      const large = layers.convTranspose(`${name}.0`, h, "valid", 2);
      return block(`${name}.2`, block(`${name}.1`, large));
    };
    const classes = weights("contextembed1.0.weight").shape[0]!;
    const label = tf.oneHot(labels!, classes, 1, 0, "float32");
    const time = tf.div(tf.add(tf.reshape(t, [-1, 1]), 1), timesteps);
    const tell = (h: Tensor, size: 1 | 2) => {
      const told = tf.mul(h, embed(`contextembed${size}`, label));
      return tf.add(told, embed(`timeembed${size}`, time));
    };
    const half1 = half("init_conv.conv1", x);
    const first = tf.mul(tf.add(half1, half("init_conv.conv2", half1)), Math.SQRT1_2);
    const down1 = pool(block("down1.0", first));
    const down2 = pool(block("down2.0", down1));
    const size = down2.shape[1]!;
    const vector = gelu(tf.avgPool(down2, size, size, "valid"));
    let h = layers.convTranspose("up0.0", vector, "valid", size);
    h = tf.relu(layers.groupNorm("up0.1", h, GROUPS));
    h = up("up1", tf.concat([tell(h, 1), down2], 3));
    h = up("up2", tf.concat([tell(h, 2), down1], 3));
    h = layers.conv("out.0", tf.concat([h, first], 3), "same");
    return layers.conv("out.3", tf.relu(layers.groupNorm("out.1", h, GROUPS)), "same");
  };
}

/** Sizes of a diffusion transformer whose blocks have modulations of their own. */
export interface DiTSizes {
  /** Number of blocks. */
  readonly depth: number;
  /** Heads of the attention. */
  readonly heads: number;
}

/** A diffusion transformer. */
export function dit({ depth, heads }: DiTSizes): Denoise {
  return ({ x, t, labels }, weights) => {
    const layers = namedLayers(weights);
    const [patch] = weights("x_embedder.proj.weight").shape as [number];
    const windows = layers.conv("x_embedder.proj", x, "valid", patch);
    const [count, rows, columns, width] = windows.shape as [number, number, number, number];
    const tokens = tf.reshape(windows, [count, rows * columns, width]);
    const time = silu(layers.linear("t_embedder.mlp.0", timeWaves(t)));
    const label = tf.gather(weights("y_embedder.embedding_table.weight"), labels!);
    const condition = silu(tf.add(layers.linear("t_embedder.mlp.2", time), label));
    const modulations = (name: string, parts: number) =>
      tf.split(layers.linear(`${name}.adaLN_modulation.1`, condition), parts, 1)
        .map((part) => tf.expandDims(part, 1));
    const modulated = (h: Tensor, shift: Tensor, scale: Tensor) =>
      tf.add(tf.mul(normalize(h, -1, 1e-6), tf.add(scale, 1)), shift);

    let h: Tensor = tf.add(tokens, weights("pos_embed"));
    for (let i = 0; i < depth; i++) {
      const name = `blocks.${i}`;
      const [shift1, scale1, gate1, shift2, scale2, gate2] = modulations(name, 6) as Six;
      const qkv = layers.perToken(`${name}.attn.qkv`, modulated(h, shift1, scale1));
      const attended = layers.perToken(`${name}.attn.proj`, attention(qkv, heads));
      h = tf.add(h, tf.mul(gate1, attended));
      const hidden = layers.perToken(`${name}.mlp.fc1`, modulated(h, shift2, scale2));
      h = tf.add(h, tf.mul(gate2, layers.perToken(`${name}.mlp.fc2`, geluTanh(hidden))));
    }
    const [shift, scale] = modulations("final_layer", 2) as [Tensor, Tensor];
    h = layers.perToken("final_layer.linear", modulated(h, shift, scale));
    const pixels = tf.reshape(h, [count, rows, columns, patch, -1]);
    return tf.reshape(tf.transpose(pixels, [0, 1, 3, 2, 4]), x.shape);
  };
}

type Six = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];

/** 128 cosines and 128 sines of each time. */
function timeWaves(t: Tensor1D): Tensor {
  const frequencies = tf.exp(tf.mul(tf.range(0, 128), -Math.log(10_000) / 128));
  const angles = tf.mul(tf.reshape(t, [-1, 1]), frequencies);
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1);
}

/** The generator of `gan`: `(N, latent)` to images `(N, H · W)`. */
export function generator(z: Tensor, weights: Weights): Tensor {
  const { linear } = namedLayers(weights);
  let h = z;
  for (const name of ["fc1", "fc2", "fc3"]) h = tf.leakyRelu(linear(name, h), 0.2);
  return tf.tanh(linear("fc4", h));
}

/** The discriminator of `gan`, without dropout: images to logits `(N, 1)`. */
export function discriminator(images: Tensor, weights: Weights): Tensor {
  const { linear } = namedLayers(weights);
  let h = flat(images);
  for (const name of ["fc1", "fc2", "fc3"]) h = tf.leakyRelu(linear(name, h), 0.2);
  return linear("fc4", h);
}
