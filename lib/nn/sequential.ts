/** Layers one after the other. @module */

import { type Context, Module } from "./module.ts";
import type { Tensor } from "../tensor.ts";

/** A part of a {@link Sequential}: a layer, or a function without parameters such as `relu`. */
export type SequentialPart = Module | ((x: Tensor) => Tensor);

/**
 * Layers one after the other, as PyTorch's `nn.Sequential`: a parameter is named by the place of its
 * layer, such as `2.weight`, where functions have places, too.
 */
export class Sequential extends Module {
  readonly #parts: readonly SequentialPart[];

  /**
   * Takes the layers as they are.
   *
   * @param parts Layers and functions, the first one first.
   */
  constructor(...parts: readonly SequentialPart[]) {
    super();
    this.#parts = parts;
    // As properties 0, 1, …, which is how a module's parameters get their names.
    Object.assign(this, parts);
  }

  /** The last part's output. */
  forward(x: Tensor, context: Context): Tensor {
    return this.#parts.reduce<Tensor>(
      (h, part) => part instanceof Module ? part.forward(h, context) : part(h),
      x,
    );
  }
}
