/** The diffusion transformer. @module */

import { tf } from "../deps.ts";
import { silu } from "../nn/activations.ts";
import { Conv2d } from "../nn/conv2d.ts";
import type { Linear } from "../nn/linear.ts";
import { Context, Module, Parameter } from "../nn/module.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";
import { DenoisingNetwork } from "./denoising_network.ts";
import {
  DiTBlock,
  FinalLayer,
  LabelEmbedder,
  TimestepEmbedder,
  zeroModulation,
} from "./dit_block.ts";
import { fillXavier } from "./dit_init.ts";
import { type Grid, gridOf, unpatchify } from "./patches.ts";
import type { ImageShape } from "./shape.ts";
import { gridPositions } from "./sincos.ts";

/** Sizes of a {@link DiT}. */
export interface DiTOptions {
  /** Values of a token, D: a multiple of 4 and of the heads. */
  readonly width: number;
  /** Number of blocks. */
  readonly depth: number;
  /** Heads of the attention, which share the width evenly. */
  readonly heads: number;
  /** Pixels on a side of a patch. @default 4, and 2 of images below 16 pixels */
  readonly patch?: number;
  /** Computes the modulations of all blocks by one layer; each adds a table of its own. @default false */
  readonly shared?: boolean;
}

/** A linear layer on patches, which is a convolution with windows side by side. */
export class PatchEmbed extends Module {
  /** The convolution. */
  readonly proj: Conv2d;

  /** From patches of a grid to tokens of `width` values. */
  constructor({ patch, channels }: Grid, width: number, random: Random) {
    super();
    this.proj = new Conv2d(channels, width, patch, { random, stride: patch });
    fillXavier(this.proj, random);
  }

  /** `(N, H, W, C)` to `(N, T, D)`. */
  forward(x: Tensor): Tensor {
    const y = this.proj.forward(x);
    return tf.reshape(y, [y.shape[0]!, y.shape[1]! * y.shape[2]!, y.shape[3]!]);
  }
}

/**
 * A transformer on patches of a noisy image that is conditioned on time and class by adaptive layer
 * normalisation (adaLN-Zero). A fresh one predicts exactly 0.
 *
 * On 28×28 images of one channel and ten classes, with the positions, which are fixed sines and cosines
 * and are not trained, counted in:
 *
 * | preset        | width | depth | heads | values     | trained    |
 * | ------------- | ----- | ----- | ----- | ---------- | ---------- |
 * | dit-s4        | 384   | 12    | 6     | 32 497 552 | 32 478 736 |
 * | dit-s4-shared | 384   | 12    | 6     | 22 767 760 | 22 748 944 |
 * | dit-light     | 64    | 2     | 4     | 184 272    | 181 136    |
 *
 * At width D, patch p and T tokens: patches `p²D + D`, times `257 D + D² + D`, labels `11 D`, a block
 * `18 D² + 15 D` (of which its modulation is `6 D² + 6 D`), the final layer `2 D² + 2 D + p² (D + 1)`,
 * positions `T D`. Shared modulation puts one layer of `6 D² + 6 D` and `6 D` per block in the place of
 * the blocks' own.
 *
 * Checkpoints have names and layouts of the paper's code: `x_embedder.proj.weight (D, C, p, p)`,
 * `t_embedder.mlp.0.weight`, `y_embedder.embedding_table.weight`, `pos_embed (1, T, D)`,
 * `blocks.0.attn.qkv.weight`, `blocks.0.adaLN_modulation.1.weight`, `final_layer.linear.weight`. Of a
 * shared modulation: `adaLN_modulation.1.weight` and `blocks.0.scale_shift_table (6, D)`.
 *
 * Reference: Peebles & Xie 2023, <https://arxiv.org/abs/2212.09748>.
 */
export class DiT extends DenoisingNetwork {
  /** `(1, T, D)`: positions on the grid of patches, not trained. */
  readonly pos_embed: Parameter;
  /** From patches to tokens. */
  readonly x_embedder: PatchEmbed;
  /** From times to vectors. */
  readonly t_embedder: TimestepEmbedder;
  /** From classes, and from no class, to vectors. */
  readonly y_embedder: LabelEmbedder;
  /** The blocks. */
  readonly blocks: readonly DiTBlock[];
  /** From tokens to patches. */
  readonly final_layer: FinalLayer;
  /** The modulation of all blocks, where it is shared. */
  readonly adaLN_modulation?: readonly [null, Linear];
  /** The label that stands for no class. */
  readonly nullClass: number;
  readonly #grid: Grid;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @param options Sizes.
   * @throws {RangeError} When the patches do not fill the image, or the heads not the width.
   */
  constructor(
    shape: ImageShape,
    random: Random,
    { width, depth, heads, patch, shared = false }: DiTOptions,
  ) {
    super();
    if (width % heads !== 0) {
      throw new RangeError(
        `Cannot build the DiT: the width must be a multiple of the heads, got ${width} and ${heads}`,
      );
    }
    const grid = gridOf(shape, patch);
    const { rows, columns } = grid;
    this.pos_embed = new Parameter(
      gridPositions(rows, columns, width),
      [1, rows * columns, width],
      undefined,
      false,
    );
    this.x_embedder = new PatchEmbed(grid, width, random);
    this.t_embedder = new TimestepEmbedder(width, random);
    this.y_embedder = new LabelEmbedder(shape.classes, width, random);
    const modulation = shared ? "shared" : "own";
    this.blocks = Array.from(
      { length: depth },
      () => new DiTBlock(width, heads, modulation, random),
    );
    this.final_layer = new FinalLayer(width, grid.patch ** 2 * grid.channels, random);
    if (shared) this.adaLN_modulation = zeroModulation(width, 6, random);
    this.nullClass = this.y_embedder.nullClass;
    this.#grid = grid;
  }

  /**
   * The prediction for noisy images.
   *
   * @param x `(N, H, W, C)`.
   * @param t The time of each, `(N)`, float32.
   * @param labels The class of each, `(N)`, int32, or {@link DiT.nullClass}. @default no class
   * @param context Training or evaluation, which compute the same. @default an evaluation
   * @returns The shape of `x`.
   */
  denoise(
    x: Tensor4D,
    t: Tensor1D,
    labels?: Tensor1D,
    context: Context = new Context(),
  ): Tensor {
    const classes = labels ?? tf.fill([x.shape[0]], this.nullClass, "int32");
    const c = tf.add(this.t_embedder.forward(t, context), this.y_embedder.forward(classes));
    // All modulations begin with SiLU, so it is computed once.
    const condition = silu(c); //                                               (N, D)
    const forBlocks = this.adaLN_modulation?.[1].forward(condition) ?? condition;
    let h = tf.add(this.x_embedder.forward(x), this.pos_embed.variable); //     (N, T, D)
    for (const block of this.blocks) h = block.apply(h, forBlocks); //          (N, T, D)
    return unpatchify(this.final_layer.apply(h, condition), this.#grid); //     (N, H, W, C)
  }
}
