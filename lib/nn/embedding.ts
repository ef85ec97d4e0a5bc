/** A table of learned vectors. @module */

import { embedding } from "../engine/kernels/embedding.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { Module, Parameter } from "./module.ts";

/** Options of {@link Embedding}. */
export interface EmbeddingOptions {
  /** Where the initial values come from. */
  readonly random: Random;
  /** Standard deviation of the initial values. @default 1 */
  readonly std?: number;
}

/** A learned vector for each of some numbers: `(N)`, int32, to `(N, D)`. Starts from `N(0, std²)`. */
export class Embedding extends Module {
  /** `(K, D)`. */
  readonly weight: Parameter;

  /**
   * A table with fresh values.
   *
   * @param numEmbeddings Rows, K.
   * @param embeddingDim Values of a row, D.
   * @param options Where values come from.
   */
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    { random, std = 1 }: EmbeddingOptions,
  ) {
    super();
    const values = new Float32Array(numEmbeddings * embeddingDim);
    random.fillNormal(values, 0, std);
    this.weight = new Parameter(values, [numEmbeddings, embeddingDim]);
  }

  /** `(N)`, int32, to `(N, D)`; a row of NaN where there is none of that number. */
  forward(indices: Tensor): Tensor {
    return embedding(this.weight.variable, indices);
  }
}
