/** The Vision Transformer. @module */

import { tf } from "../deps.ts";
import { withClassToken } from "../engine/kernels/class_token.ts";
import { gelu } from "../nn/activations.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { LayerNorm } from "../nn/layer_norm.ts";
import { Linear } from "../nn/linear.ts";
import { Module, Parameter } from "../nn/module.ts";
import { MultiheadAttention } from "../nn/multihead_attention.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import type { ImageShape } from "./shape.ts";

const WIDTH = 64;
const HEADS = 8;
const HIDDEN = 128;
const DEPTH = 4;

/** What PyTorch's `trunc_normal_(std=0.02)` comes to: values beyond two are hardly worth cutting. */
const TOKEN_STD = 0.02;

/**
 * A Vision Transformer (Dosovitskiy et al. 2021, <https://arxiv.org/abs/2010.11929>): patches of 4×4
 * pixels (2×2 on images below 16×16), 4 pre-norm blocks of width 64 with 8 heads and an MLP of 128,
 * GELU; a class token; learned positions; the head reads the class token as the last block leaves it.
 * 138 890 parameters on 28×28 images.
 */
export class ViT extends Module {
  /** `(64)`. */
  readonly class_token: Parameter;
  /** `(T + 1, 64)`, the class token's first. */
  readonly positions: Parameter;
  /** Patches to tokens. */
  readonly patch: Conv2d;
  /** The transformer blocks. */
  readonly blocks: readonly Block[];
  /** To the classes. */
  readonly head: Linear;

  /**
   * Builds it with fresh weights.
   *
   * @param shape Size of the images, number of classes.
   * @param random Where the initial weights come from.
   * @throws {RangeError} When the images are smaller than a patch. Rows and columns that fill no
   *   patch are left out.
   */
  constructor({ height, width, channels, classes }: ImageShape, random: Random) {
    super();
    const side = Math.min(height, width) < 16 ? 2 : 4;
    const tokens = Math.floor(height / side) * Math.floor(width / side);
    if (tokens === 0) {
      throw new RangeError(
        `Cannot cut patches: images must be 2x2 or more, got ${height}x${width}`,
      );
    }
    const normal = (size: number) => {
      const values = new Float32Array(size);
      random.fillNormal(values, 0, TOKEN_STD);
      return values;
    };
    this.patch = new Conv2d(channels, WIDTH, side, { stride: side, random });
    this.class_token = new Parameter(normal(WIDTH), [WIDTH]);
    this.positions = new Parameter(normal((tokens + 1) * WIDTH), [tokens + 1, WIDTH]);
    this.blocks = Array.from({ length: DEPTH }, () => new Block(random));
    this.head = new Linear(WIDTH, classes, { random });
  }

  /** Images `(N, H, W, C)` to logits `(N, classes)`. */
  forward(x: Tensor): Tensor {
    const count = x.shape[0]!;
    const patches = tf.reshape(this.patch.forward(x), [count, -1, WIDTH]); //   (N, T, 64)
    let h = withClassToken(patches, this.class_token.variable, this.positions.variable);
    for (const block of this.blocks) h = block.forward(h); //                   (N, T + 1, 64)
    const first = tf.slice(h, [0, 0, 0], [count, 1, WIDTH]);
    return this.head.forward(tf.reshape(first, [count, WIDTH])); //             (N, classes)
  }
}

/** `x + attention(norm(x))`, then `x + mlp(norm(x))`. */
export class Block extends Module {
  /** Before the attention. */
  readonly norm1: LayerNorm = new LayerNorm(WIDTH);
  /** 8 heads. */
  readonly attention: MultiheadAttention;
  /** Before the MLP. */
  readonly norm2: LayerNorm = new LayerNorm(WIDTH);
  /** To 128 units, GELU. */
  readonly fc1: Linear;
  /** And back. */
  readonly fc2: Linear;

  /** A block with fresh weights. */
  constructor(random: Random) {
    super();
    this.attention = new MultiheadAttention(WIDTH, HEADS, { random });
    this.fc1 = new Linear(WIDTH, HIDDEN, { random });
    this.fc2 = new Linear(HIDDEN, WIDTH, { random });
  }

  /** `(N, T, 64)` to the same shape. */
  forward(x: Tensor): Tensor {
    const h = tf.add(x, this.attention.forward(this.norm1.forward(x)));
    const rows = tf.reshape(this.norm2.forward(h), [-1, WIDTH]);
    const changed = this.fc2.forward(gelu(this.fc1.forward(rows)));
    return tf.add(h, tf.reshape(changed, h.shape));
  }
}
