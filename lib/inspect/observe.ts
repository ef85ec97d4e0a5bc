/**
 * What each module of a network does in a pass, seen from outside.
 *
 * For the time of the pass the methods of each instance are covered by ones that note when they begin
 * and end, so that work can be put down to the innermost module; modules themselves know nothing of it.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { Module } from "../nn/module.ts";
import { hiddenFlops, kernelFlops } from "./flops.ts";
import { modulesOf } from "./parts.ts";
import type { KernelCall } from "./shape_backend.ts";

/** What a module did. */
export interface Observed {
  /** The shape of what it returned last; `null` when it was not called. */
  readonly output: readonly number[] | null;
  /** Operations of its own, without those of its parts. */
  readonly flops: number;
}

/** Notes what the modules of a network do. */
export class Observer {
  readonly #seen = new Map<Module, Observed>();
  readonly #inputs = new Set<object>();
  readonly #stack: Module[] = [];

  /** What `module` did. */
  of(module: Module): Observed {
    return this.#seen.get(module) ?? { output: null, flops: 0 };
  }

  /** Whether a kernel had the data as an input. */
  wasRead({ dataId }: { readonly dataId: object }): boolean {
    return this.#inputs.has(dataId);
  }

  /** Puts a kernel down to the module that is at work. */
  hear(call: KernelCall): void {
    const [module] = this.#stack.slice(-1);
    if (module === undefined) return;
    for (const input of Object.values(call.inputs)) {
      if (input) this.#inputs.add(input.dataId);
    }
    this.#note(module, { flops: kernelFlops(call) });
  }

  /** Does `pass`, in which `network` runs, and watches. */
  watch(network: Module, pass: () => void): void {
    const covered = modulesOf(network).flatMap((module) =>
      methodsOf(module).map((name) => this.#cover(module, name))
    );
    try {
      pass();
    } finally {
      for (const uncover of covered) uncover();
    }
  }

  #note(module: Module, { flops, output }: Partial<Observed>): void {
    const before = this.of(module);
    this.#seen.set(module, {
      flops: before.flops + (flops ?? 0),
      output: output ?? before.output,
    });
  }

  #cover(module: Module, name: string): () => void {
    type Method = (...args: unknown[]) => unknown;
    const method = (module as unknown as Record<string, Method>)[name]!;
    const cover: Method = (...args) => {
      // A method that calls another one of the same module is one pass.
      const inside = this.#stack.at(-1) === module;
      this.#stack.push(module);
      try {
        const result = method.apply(module, args);
        if (!inside && result instanceof tf.Tensor) {
          this.#note(module, { flops: hiddenFlops(module, args[0]), output: result.shape });
        }
        return result;
      } finally {
        this.#stack.pop();
      }
    };
    // Not enumerable: what enumerates a module's properties looks for its parts.
    Object.defineProperty(module, name, { value: cover, configurable: true });
    return () => delete (module as unknown as Record<string, Method>)[name];
  }
}

/** Names of the methods that a module's class and its bases up to {@link Module} have. */
function methodsOf(module: Module): string[] {
  const names = new Set<string>();
  for (
    let prototype = Object.getPrototypeOf(module);
    prototype !== null && prototype !== Module.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== "constructor" && typeof value === "function") names.add(name);
    }
  }
  return [...names];
}
