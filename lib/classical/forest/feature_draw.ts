/**
 * Which features a node looks at: some, drawn at random without replacement.
 *
 * As in scikit-learn, a feature that is constant over the node's samples counts among those drawn,
 * but the draw goes on until it has met one that is not. A feature that is constant in a node is so
 * in all nodes below, where it is passed over without a look at the samples: at 28x28 that is most
 * of the border.
 *
 * @module
 */

import type { Random } from "../../random.ts";

/**
 * An integer from 0 to `n - 1` from one output of the stream, `n` at most 2^21 so that the product
 * is exact. The probabilities differ from `1 / n` by less than 2^-32: too little to matter here,
 * and it spares the division of {@link Random.int}.
 */
export function below(random: Random, n: number): number {
  return Math.floor(random.uint32() * n / 2 ** 32);
}

/**
 * The draws of one node after the other, depth first.
 *
 * The features stand in one array: first those known to be constant, in the order of their finding,
 * then those found constant in this node, those not drawn yet, and those drawn. A node below only
 * adds to the constants of the nodes above, so that going back up means to forget the last ones.
 */
export class FeatureDraw {
  readonly #order: Int32Array;
  readonly #maxFeatures: number;
  readonly #random: Random;
  #known = 0;
  #found = 0;
  #knownDrawn = 0;
  #drawn = 0;
  #end = 0;
  #at = 0;

  /** Draws among `features` features, `maxFeatures` for each node. */
  constructor(features: number, maxFeatures: number, random: Random) {
    this.#order = Int32Array.from({ length: features }, (_, feature) => feature);
    this.#maxFeatures = maxFeatures;
    this.#random = random;
  }

  /** How many features are known to be constant in this node. */
  get constants(): number {
    return this.#known + this.#found;
  }

  /** Begins a node; `constants` is the {@link FeatureDraw.constants} of the node above. */
  begin(constants: number): void {
    this.#known = constants;
    this.#found = 0;
    this.#knownDrawn = 0;
    this.#drawn = 0;
    this.#end = this.#order.length;
  }

  /** The next feature to look at, or -1 when the node has had its share. */
  next(): number {
    while (this.#end > this.constants) {
      const constantDrawn = this.#found + this.#knownDrawn;
      if (this.#drawn >= this.#maxFeatures && this.#drawn > constantDrawn) break;
      this.#drawn++;
      // Which of the known constants it is makes no difference: they keep their places.
      const place = this.#knownDrawn + below(this.#random, this.#end - constantDrawn);
      if (place < this.#known) {
        this.#knownDrawn++;
        continue;
      }
      this.#at = place + this.#found;
      const feature = this.#order[this.#at]!;
      this.#swap(this.#at, --this.#end);
      return feature;
    }
    return -1;
  }

  /** Says that the feature that {@link FeatureDraw.next} gave last is constant in this node. */
  foundConstant(): void {
    this.#swap(this.#end++, this.#at);
    this.#swap(this.#at, this.constants);
    this.#found++;
  }

  #swap(a: number, b: number): void {
    const order = this.#order;
    const kept = order[a]!;
    order[a] = order[b]!;
    order[b] = kept;
  }
}
