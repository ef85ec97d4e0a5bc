/**
 * Cutting rows into parts in one dispatch, and joining the gradients of the parts in one.
 *
 * A linear layer computes shift, scale and gate of a transformer block side by side. A slice for each
 * would take a dispatch for each, and backward would pad every gradient to the whole row and add them
 * up.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { isTaped, toTensor } from "../tape.ts";
import { lanes } from "./lanes.ts";
import { runInto, type Shader } from "./several.ts";

const NAME = "InklingChunk";

/** A shader has eight storage buffers, and one of them holds the rows. */
const MAX_PARTS = 7;

/**
 * The equal parts of each row, differentiable; `torch.chunk(x, parts, dim=1)`.
 *
 * @param x `(N, parts · D)`.
 * @param parts How many, from 2 to 7.
 * @returns `parts` tensors `(N, D)`.
 * @throws {RangeError} When the rows cannot be cut so.
 */
export function chunk(x: Tensor, parts: number): Tensor[] {
  const [, width = 0] = x.shape;
  const isCount = Number.isInteger(parts) && parts >= 2 && parts <= MAX_PARTS;
  if (x.rank !== 2 || !isCount || width % parts !== 0) {
    throw new RangeError(
      `Cannot cut into ${parts} parts: x must be (N, parts · D) and the parts 2 to ${MAX_PARTS}, ` +
        `got (${x.shape.join(", ")})`,
    );
  }
  if (x.size === 0) return tf.split(x, parts, 1);
  return tf.engine().runKernel(NAME, { x }, { parts }) as unknown as Tensor[];
}

/** The kernel behind {@link chunk}. */
export const chunkKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    const { parts } = attrs as unknown as { parts: number };
    const [rows, width] = x.shape as [number, number];
    const columns = width / parts;
    const results = Array.from(
      { length: parts },
      () => webgpuBackend().makeTensorInfo([rows, columns], "float32"),
    );
    move("cut", x, results);
    return results;
  },
};

/** The gradient of {@link chunkKernel}. */
export const chunkGradient: tf.GradConfig = {
  kernelName: NAME,
  gradFunc: (dys) => {
    const parts = dys as Tensor[];
    return {
      x: () => {
        if (isTaped()) return tf.concat(parts, 1);
        const [rows, columns] = parts[0]!.shape as [number, number];
        const whole = webgpuBackend().makeTensorInfo([rows, parts.length * columns], "float32");
        move("join", whole, parts);
        return toTensor(whole);
      },
    };
  },
};

/** Copies rows into their parts or parts into their rows. An invocation does one place of all parts. */
function move(
  direction: "cut" | "join",
  whole: TensorInfo,
  parts: readonly TensorInfo[],
): void {
  const [rows, width] = parts[0]!.shape as [number, number];
  const components = width % 4 === 0 ? 4 : 1;
  const type = components === 4 ? "vec4<f32>" : "f32";
  const columns = width / components;
  const names = parts.map((_, i) => `part${i}`);
  const partTypes = Object.fromEntries(names.map((name) => [name, type]));
  const [from, to] = direction === "cut" ? [[whole], parts] : [parts, [whole]];
  const copies = names.map((name, i) => {
    const ends = [`whole[first + ${i * columns}]`, `${name}[i]`];
    const [source, target] = direction === "cut" ? ends : ends.reverse();
    return `${target} = ${source};`;
  });
  const shader: Shader = {
    key: `chunk_${direction}_${type}_${parts.length}_${columns}`,
    inputs: direction === "cut" ? { whole: type } : partTypes,
    outputs: direction === "cut" ? partTypes : { whole: type },
    uniforms: ["places"],
    code: `fn main(block : i32) {
      let i = block * ${lanes()} + i32(localId.x);
      if (i >= uniforms.places) { return; }
      let first = i / ${columns} * ${parts.length * columns} + i % ${columns};
      ${copies.join("\n      ")}
    }`,
  };
  const places = rows * columns;
  runInto(shader, from, to, [places], Math.ceil(places / lanes()));
}
