/**
 * The parts of a diffusion transformer.
 *
 * Names and layouts of the weights are those of the paper's code, so that its checkpoints fit. Its
 * modulations are SiLU and a linear layer each; SiLU is computed once for all of them here, and `null`
 * is in its place.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { attention } from "../engine/kernels/attention.ts";
import { chunk } from "../engine/kernels/chunk.ts";
import { gatedResidual } from "../engine/kernels/gated_residual.ts";
import { modulatedLayerNorm } from "../engine/kernels/layer_norm.ts";
import { gelu, silu } from "../nn/activations.ts";
import { ConditionalModule } from "../nn/conditional.ts";
import { Embedding } from "../nn/embedding.ts";
import { Linear } from "../nn/linear.ts";
import { type Context, Module, Parameter } from "../nn/module.ts";
import { Sequential } from "../nn/sequential.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { fillNormal, fillXavier, fillZeros } from "./dit_init.ts";
import { embedTimes, falling, type TimeWaves } from "./sincos.ts";

/** Standard deviation of fresh embeddings. */
const STD = 0.02;

/** Applies a layer of `(rows, in)` to tokens `(N, T, in)`. */
export function perToken(layer: Linear, x: Tensor): Tensor {
  const [count, tokens, inputs] = x.shape as [number, number, number];
  const y = layer.forward(tf.reshape(x, [count * tokens, inputs]));
  return tf.reshape(y, [count, tokens, y.shape[1]!]);
}

function xavierLinear(inputs: number, outputs: number, random: Random): Linear {
  const layer = new Linear(inputs, outputs, { random });
  fillXavier(layer, random);
  return layer;
}

/** The layer behind SiLU that computes `parts` modulations from the condition; all 0 at first. */
export function zeroModulation(width: number, parts: number, random: Random): [null, Linear] {
  const layer = new Linear(width, parts * width, { random });
  fillZeros(layer);
  return [null, layer];
}

/** Multi-head self-attention with biases. */
export class Attention extends Module {
  /** To queries, keys and values. */
  readonly qkv: Linear;
  /** From the heads back. */
  readonly proj: Linear;
  readonly #heads: number;

  /** `heads` heads, which share `width` evenly. */
  constructor(width: number, heads: number, random: Random) {
    super();
    this.qkv = xavierLinear(width, 3 * width, random);
    this.proj = xavierLinear(width, width, random);
    this.#heads = heads;
  }

  /** `(N, T, D)` to the same shape. */
  forward(x: Tensor): Tensor {
    const qkv = perToken(this.qkv, x); //                                       (N, T, 3 D)
    return perToken(this.proj, attention(qkv, this.#heads)); //                 (N, T, D)
  }
}

/** Two layers with GELU between them, of four times the width. */
export class Mlp extends Module {
  /** To 4 D. */
  readonly fc1: Linear;
  /** Back to D. */
  readonly fc2: Linear;

  /** For tokens of `width` values. */
  constructor(width: number, random: Random) {
    super();
    this.fc1 = xavierLinear(width, 4 * width, random);
    this.fc2 = xavierLinear(4 * width, width, random);
  }

  /** `(N, T, D)` to the same shape. */
  forward(x: Tensor): Tensor {
    return perToken(this.fc2, gelu(perToken(this.fc1, x), "tanh"));
  }
}

/** Where a block has its modulations from: a layer of its own, or all blocks' and a table. */
export type Modulation = "own" | "shared";

/**
 * A transformer block whose normalisations are shifted and scaled, and its branches gated, by what a
 * condition says (adaLN-Zero). At first all gates are 0, and the block leaves its input as it is.
 *
 * With a shared modulation the block has a table instead, which is added to what one layer computes for
 * all blocks; it starts from 0 too.
 *
 * References: Peebles & Xie 2023, <https://arxiv.org/abs/2212.09748>; for the table, Chen et al. 2023
 * (PixArt-α), <https://arxiv.org/abs/2310.00426>.
 */
export class DiTBlock extends ConditionalModule {
  /** `(6, D)`: added to the shared modulation. */
  readonly scale_shift_table?: Parameter;
  /** The first branch. */
  readonly attn: Attention;
  /** The second branch. */
  readonly mlp: Mlp;
  /** From the condition to shift, scale and gate of both branches. */
  readonly adaLN_modulation?: readonly [null, Linear];

  /**
   * A block with fresh weights.
   *
   * @param width Values of a token, D.
   * @param heads Heads of the attention.
   * @param modulation Where its modulations come from.
   * @param random Where the initial weights come from.
   */
  constructor(width: number, heads: number, modulation: Modulation, random: Random) {
    super();
    if (modulation === "shared") {
      this.scale_shift_table = new Parameter(new Float32Array(6 * width), [6 * width], {
        view: [6, width],
        order: [0, 1],
        shape: [6, width],
      });
    }
    this.attn = new Attention(width, heads, random);
    this.mlp = new Mlp(width, random);
    if (modulation === "own") this.adaLN_modulation = zeroModulation(width, 6, random);
  }

  /**
   * Runs the block.
   *
   * @param x Tokens, `(N, T, D)`.
   * @param condition `silu(c)`, `(N, D)`; or, of a shared modulation, `(N, 6 D)`.
   * @returns `(N, T, D)`.
   */
  apply(x: Tensor, condition: Tensor): Tensor {
    const modulations = this.adaLN_modulation?.[1].forward(condition) ??
      tf.add(condition, this.scale_shift_table!.variable); //                   (N, 6 D)
    const [shift1, scale1, gate1, shift2, scale2, gate2] = chunk(modulations, 6) as Six;
    const attended = this.attn.forward(modulatedLayerNorm(x, shift1, scale1));
    const h = gatedResidual(x, gate1, attended); //                             (N, T, D)
    return gatedResidual(h, gate2, this.mlp.forward(modulatedLayerNorm(h, shift2, scale2)));
  }
}

type Six = [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];

/** What a patch of the output is computed from its token with; all 0 at first. */
export class FinalLayer extends ConditionalModule {
  /** To the values of a patch. */
  readonly linear: Linear;
  /** From the condition to shift and scale. */
  readonly adaLN_modulation: readonly [null, Linear];

  /** From tokens of `width` values to patches of `outputs`. */
  constructor(width: number, outputs: number, random: Random) {
    super();
    this.linear = new Linear(width, outputs, { random });
    fillZeros(this.linear);
    this.adaLN_modulation = zeroModulation(width, 2, random);
  }

  /** Tokens `(N, T, D)` and `silu(c)`, `(N, D)`, to `(N, T, outputs)`. */
  apply(x: Tensor, condition: Tensor): Tensor {
    const [shift, scale] = chunk(this.adaLN_modulation[1].forward(condition), 2);
    return perToken(this.linear, modulatedLayerNorm(x, shift!, scale!));
  }
}

/** A time as 128 cosines and 128 sines, then two layers with SiLU between them. */
export class TimestepEmbedder extends Module {
  /** From 256 values to D to D. */
  readonly mlp: Sequential;

  static readonly #waves: TimeWaves = { frequencies: falling(128, 128), order: "cos-sin" };

  /** To vectors of `width` values. */
  constructor(width: number, random: Random) {
    super();
    const layers = [
      new Linear(256, width, { random }),
      new Linear(width, width, { random }),
    ] as const;
    for (const layer of layers) fillNormal(layer, STD, random);
    this.mlp = new Sequential(layers[0], silu, layers[1]);
  }

  /** Times, `(N)`, float32, to `(N, D)`. */
  forward(t: Tensor, context: Context): Tensor {
    return this.mlp.forward(embedTimes(t, TimestepEmbedder.#waves), context);
  }
}

/** A vector for each class, and one more for no class. */
export class LabelEmbedder extends Module {
  /** `(classes + 1, D)`. */
  readonly embedding_table: Embedding;
  /** The class that stands for no class. */
  readonly nullClass: number;

  /** Vectors of `width` values. */
  constructor(classes: number, width: number, random: Random) {
    super();
    this.embedding_table = new Embedding(classes + 1, width, { random, std: STD });
    this.nullClass = classes;
  }

  /** Class numbers, `(N)`, int32, to `(N, D)`. */
  forward(labels: Tensor): Tensor {
    return this.embedding_table.forward(labels);
  }
}
