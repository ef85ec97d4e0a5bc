/** A small diffusion transformer of another build. @module */

import { tf } from "../deps.ts";
import { attention } from "../engine/kernels/attention.ts";
import { chunk } from "../engine/kernels/chunk.ts";
import { gatedResidual } from "../engine/kernels/gated_residual.ts";
import { modulate } from "../engine/kernels/modulate.ts";
import { ConditionalModule } from "../nn/conditional.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { Embedding } from "../nn/embedding.ts";
import { LayerNorm } from "../nn/layer_norm.ts";
import { Linear } from "../nn/linear.ts";
import { Module, Parameter } from "../nn/module.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";
import { DenoisingNetwork } from "./denoising_network.ts";
import { perToken } from "./dit_block.ts";
import { type Grid, gridOf, unpatchify } from "./patches.ts";
import type { ImageShape } from "./shape.ts";
import { embedTimes, falling, type TimeWaves } from "./sincos.ts";

/** Values of a token, and of each head. */
const WIDTH = 64;
const HEADS = 4;
const DEPTH = 3;

/** A time as 32 sines and 32 cosines, then two layers with ReLU between them. */
export class TimeEmbedding extends Module {
  /** To 64 values, ReLU. */
  readonly fc1: Linear;
  /** To 64 values. */
  readonly fc2: Linear;

  static readonly #waves: TimeWaves = { frequencies: falling(32, 31), order: "sin-cos" };

  /** With fresh weights. */
  constructor(random: Random) {
    super();
    this.fc1 = new Linear(WIDTH, WIDTH, { random, activation: "relu" });
    this.fc2 = new Linear(WIDTH, WIDTH, { random });
  }

  /** `(N)`, float32, to `(N, 64)`. */
  forward(t: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(embedTimes(t, TimeEmbedding.#waves)));
  }
}

/** Attention, whose heads have the width of the token each, and an MLP, both modulated and gated. */
export class TinyBlock extends ConditionalModule {
  /** The six layers of β₁, γ₁, α₁, β₂, γ₂, α₂ (shift, scale, gate), one below the other. */
  readonly modulation: Linear;
  /** Before the attention. */
  readonly norm1: LayerNorm;
  /** The layers of queries, keys and values, one below the other. */
  readonly qkv: Linear;
  /** From the heads back. */
  readonly proj: Linear;
  /** Before the MLP. */
  readonly norm2: LayerNorm;
  /** To 256 values, ReLU. */
  readonly fc1: Linear;
  /** Back to 64. */
  readonly fc2: Linear;

  /** With fresh weights. */
  constructor(random: Random) {
    super();
    this.modulation = new Linear(WIDTH, 6 * WIDTH, { random });
    this.norm1 = new LayerNorm(WIDTH);
    this.qkv = new Linear(WIDTH, 3 * HEADS * WIDTH, { random });
    this.proj = new Linear(HEADS * WIDTH, WIDTH, { random });
    this.norm2 = new LayerNorm(WIDTH);
    this.fc1 = new Linear(WIDTH, 4 * WIDTH, { random, activation: "relu" });
    this.fc2 = new Linear(4 * WIDTH, WIDTH, { random });
  }

  /** Tokens `(N, T, 64)` and condition `(N, 64)` to `(N, T, 64)`. */
  apply(x: Tensor, condition: Tensor): Tensor {
    const [shift1, scale1, gate1, shift2, scale2, gate2] = chunk(
      this.modulation.forward(condition),
      6,
    ) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    const qkv = perToken(this.qkv, modulate(this.norm1.forward(x), shift1, scale1));
    const h = gatedResidual(x, gate1, perToken(this.proj, attention(qkv, HEADS)));
    const hidden = perToken(this.fc1, modulate(this.norm2.forward(h), shift2, scale2));
    return gatedResidual(h, gate2, perToken(this.fc2, hidden));
  }
}

/**
 * A diffusion transformer of 64 values per token and three blocks: 388 640 parameters on 28×28 images
 * of one channel and ten classes.
 *
 * Unlike {@link DiT} it learns its positions (49 · 64), has weights in its normalisations, ReLU for GELU
 * and SiLU, attention with four heads of 64 values *each*, PyTorch's default initialisation, and no
 * class that stands for none. By parts: convolution of patches 1→16 272, linear 16→64 1 088, positions
 * 3 136, times 2 · 4 160, labels 640, a block 124 672, final normalisation 128, linear 64→16 1 040.
 *
 * Where its description has separate layers of one input (queries, keys and values; the six
 * modulations), there is one whose weight is `torch.cat` of theirs, in the order named.
 */
export class DiTTiny extends DenoisingNetwork {
  /** `(1, T, 64)`, uniform in [0, 1) at first. */
  readonly pos_embed: Parameter;
  /** From patches to as many channels as a patch has values. */
  readonly conv: Conv2d;
  /** From those to tokens. */
  readonly patch: Linear;
  /** From times to vectors. */
  readonly time: TimeEmbedding;
  /** From classes to vectors. */
  readonly label: Embedding;
  /** The blocks. */
  readonly blocks: readonly TinyBlock[];
  /** Before the last layer. */
  readonly norm: LayerNorm;
  /** From tokens to patches. */
  readonly linear: Linear;
  readonly #grid: Grid;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @param options `patch` is the side of a patch in pixels. @default 4, and 2 of images below 16 pixels
   * @throws {RangeError} When the patches do not fill the image.
   */
  constructor(
    shape: ImageShape,
    random: Random,
    { patch }: { readonly patch?: number } = {},
  ) {
    super();
    const grid = gridOf(shape, patch);
    const tokens = grid.rows * grid.columns;
    const values = grid.patch ** 2 * grid.channels;
    const positions = new Float32Array(tokens * WIDTH);
    random.fillUniform(positions, 0, 1);
    this.pos_embed = new Parameter(positions, [1, tokens, WIDTH]);
    this.conv = new Conv2d(grid.channels, values, grid.patch, { random, stride: grid.patch });
    this.patch = new Linear(values, WIDTH, { random });
    this.time = new TimeEmbedding(random);
    this.label = new Embedding(shape.classes, WIDTH, { random });
    this.blocks = Array.from({ length: DEPTH }, () => new TinyBlock(random));
    this.norm = new LayerNorm(WIDTH);
    this.linear = new Linear(WIDTH, values, { random });
    this.#grid = grid;
  }

  /**
   * The prediction for noisy images.
   *
   * @param x `(N, H, W, C)`.
   * @param t The time of each, `(N)`, float32.
   * @param labels The class of each, `(N)`, int32.
   * @returns The shape of `x`.
   * @throws {TypeError} Without labels: no class stands for none.
   */
  denoise(x: Tensor4D, t: Tensor1D, labels?: Tensor1D): Tensor {
    if (labels === undefined) {
      throw new TypeError(
        "Cannot denoise with dit-tiny: it needs a label per image, got none. Choose another DiT",
      );
    }
    const condition = tf.add(this.time.forward(t), this.label.forward(labels)); //  (N, 64)
    const windows = this.conv.forward(x); //                                    (N, H/p, W/p, p² C)
    const patches = tf.reshape(windows, [x.shape[0], -1, windows.shape[3]!]); //(N, T, p² C)
    let h = tf.add(perToken(this.patch, patches), this.pos_embed.variable); //  (N, T, 64)
    for (const block of this.blocks) h = block.apply(h, condition); //          (N, T, 64)
    h = perToken(this.linear, this.norm.forward(h)); //                         (N, T, p² C)
    return unpatchify(h, this.#grid); //                                        (N, H, W, C)
  }
}
