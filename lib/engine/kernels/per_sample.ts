/**
 * Kernels over tokens whose samples have values of their own that all their tokens share, such as a
 * gate or a shift: tokens `(N, T, D)`, values `(N, D)`.
 *
 * Forward, an invocation computes one element of the tokens. Backward, it walks over the tokens of a
 * sample for one element of the channels, so that sums over the tokens need no other dispatch. An
 * element is four channels together where their number allows it.
 *
 * @module
 */

import type { TensorInfo } from "../../tensor.ts";
import { lanes } from "./lanes.ts";
import { runInto } from "./several.ts";

/** Tensors by their names in the code, where they are arrays of elements. */
type Elements = Readonly<Record<string, TensorInfo>>;

/** What happens to each element of the tokens. */
export interface TokenPass {
  /** What tells this pass from all others. */
  readonly key: string;
  /** Tokens and values that are read. */
  readonly inputs: Elements;
  /** Tokens and, on a walk, values that are written. */
  readonly outputs: Elements;
  /** WGSL: a statement over `at`, the element's place, and `own`, that of the sample's value. */
  readonly code: string;
}

/** What happens on a walk over the tokens of a sample. */
export interface TokenWalk extends Omit<TokenPass, "code"> {
  /**
   * WGSL: statements before the first token, over `own`, the place of the sample's value; `Element` is
   * the type of an element.
   */
  readonly before: string;
  /** WGSL: statements for each token, over `at`, too, the place of its element. */
  readonly each: string;
  /** WGSL: statements after the last token. */
  readonly after: string;
}

/** Dispatches `pass` over tokens of shape `(N, T, D)`. */
export function runPerToken({ key, inputs, outputs, code }: TokenPass, shape: number[]): void {
  const { type, samples, tokens, columns } = elementsOf(shape);
  const elements = samples * tokens * columns;
  runInto(
    {
      key: `${key}_${type}_${columns}`,
      inputs: typed(inputs, type),
      outputs: typed(outputs, type),
      uniforms: ["elements", "perSample"],
      code: `fn main(block : i32) {
      let at = block * ${lanes()} + i32(localId.x);
      if (at >= uniforms.elements) { return; }
      let own = at / uniforms.perSample * ${columns} + at % ${columns};
      ${code}
    }`,
    },
    Object.values(inputs),
    Object.values(outputs),
    [elements, tokens * columns],
    Math.ceil(elements / lanes()),
  );
}

/** Dispatches `walk` over tokens of shape `(N, T, D)`. */
export function walkTokens(walk: TokenWalk, shape: number[]): void {
  const { key, inputs, outputs, before, each, after } = walk;
  const { type, samples, tokens, columns } = elementsOf(shape);
  runInto(
    {
      key: `${key}_${type}_${columns}`,
      inputs: typed(inputs, type),
      outputs: typed(outputs, type),
      uniforms: ["values", "tokens"],
      code: `alias Element = ${type};
    fn main(block : i32) {
      let own = block * ${lanes()} + i32(localId.x);
      if (own >= uniforms.values) { return; }
      ${before}
      let first = own / ${columns} * uniforms.tokens * ${columns} + own % ${columns};
      for (var t = 0; t < uniforms.tokens; t++) {
        let at = first + t * ${columns};
        ${each}
      }
      ${after}
    }`,
    },
    Object.values(inputs),
    Object.values(outputs),
    [samples * columns, tokens],
    Math.ceil(samples * columns / lanes()),
  );
}

function elementsOf(shape: number[]) {
  const [samples, tokens, channels] = shape as [number, number, number];
  const [type, together] = channels % 4 === 0 ? ["vec4<f32>", 4] as const : ["f32", 1] as const;
  return { type, samples, tokens, columns: channels / together };
}

function typed(tensors: Elements, type: string): Record<string, string> {
  return Object.fromEntries(Object.keys(tensors).map((name) => [name, type]));
}
