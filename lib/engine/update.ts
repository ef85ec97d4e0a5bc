/** Element-wise updates in place. @module */

import type { Tensor } from "../tensor.ts";
import { type Program, runInPlace } from "./program.ts";

/**
 * Runs an element-wise update: `expression` is the new value of `result[i]`, a WGSL expression over
 * `result[i]`, the inputs by name and the uniforms by name.
 */
export function updateInPlace(
  key: string,
  expression: string,
  target: Tensor,
  inputs: Record<string, Tensor>,
  uniforms: Record<string, number>,
): void {
  const names = Object.keys(inputs);
  const scalars = Object.keys(uniforms);
  const program: Program = {
    key: `inkling_${key}`,
    outputShape: [target.size],
    inputs: names,
    uniforms: scalars.map((name) => `${name} : f32, `).join(""),
    code: `fn main(i : i32) {
      if (i < uniforms.size) {
        ${scalars.map((name) => `let ${name} = uniforms.${name};`).join(" ")}
        result[i] = ${expression};
      }
    }`,
  };
  const data = Object.values(uniforms).map((value) => ({
    type: "float32" as const,
    data: [value],
  }));
  runInPlace(program, target, Object.values(inputs), data);
}
