/** Modules that compute from more than one tensor. @module */

import { Module } from "./module.ts";

/**
 * A part of a network whose pass takes a condition beside its input, such as a time or a class. It has a
 * method of its own for that instead of `forward`.
 */
export abstract class ConditionalModule extends Module {
  /** Always throws a `TypeError`: there is no pass without the condition. */
  override forward(): never {
    throw new TypeError(
      `Cannot run ${this.constructor.name} on one tensor: it needs a condition, got none. ` +
        "Call the method that takes it",
    );
  }
}
