/**
 * Dispatches over a batch of images, four values at a time, with normal noise that belongs to the
 * image and not to its place in the batch.
 *
 * A block is what one invocation works on: four values of one image, for which `Philox4x32-10` makes
 * four numbers at once. An image whose size is no multiple of four has a last block that is not full.
 * The generator's counter holds `image · blocks per image + block` and the step, laid out as in
 * `lib/engine/random.ts`: for images of whole blocks the noise is that of `GpuRandom.normal` over the
 * images from number 0 on.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { lanes } from "../engine/kernels/lanes.ts";
import { runInto } from "../engine/kernels/several.ts";
import { NORMALS, PHILOX } from "../engine/philox.ts";
import { webgpuBackend } from "../engine/program.ts";
import { toTensor } from "../engine/tape.ts";
import type { Random } from "../random.ts";
import type { Tensor, TensorInfo } from "../tensor.ts";

/** A tensor that is read as it is, with the type of its elements in WGSL. */
export type Table = readonly [type: string, tensor: TensorInfo];

/** What happens to each block. */
export interface BlockPass {
  /** What tells this pass from all others: it holds whatever is written into its code. */
  readonly key: string;
  /** Batches of images `(N, …)` by name: `read_name(at)` is the block's `vec4<f32>`. */
  readonly images: Readonly<Record<string, TensorInfo>>;
  /** Other tensors by name. */
  readonly tables: Readonly<Record<string, Table>>;
  /** Batches that are written, and may be read: `write_name(at, live, values)`. */
  readonly results: Readonly<Record<string, TensorInfo>>;
  /** The stream of `noise(image, block, step)`, a `vec4<f32>`. @default none */
  readonly stream?: Pick<Random, "key" | "stream"> | undefined;
  /**
   * WGSL: statements over `image`, its place in the batch; `block`, the block's in the image; `at`, the
   * place of its first value; and `live`, how many of its four values there are.
   */
  readonly code: string;
}

const NOISE = `${PHILOX}${NORMALS}
  fn noise(image : i32, block : i32, step : i32) -> vec4<f32> {
    let number = u32(image) * u32(uniforms.perImage) + u32(block);
    return normals(philox(
      vec4<u32>(number, u32(step), u32(uniforms.path0), u32(uniforms.path1)),
      vec2<u32>(u32(uniforms.key0), u32(uniforms.key1))));
  }`;

/** A tensor for a pass to write to; an empty one, which no pass writes, is whole as it is. */
export function unwrittenBatch(
  shape: readonly number[],
  dtype: "float32" | "int32" = "float32",
): Tensor {
  return shape.includes(0)
    ? tf.zeros([...shape], dtype)
    : toTensor(webgpuBackend().makeTensorInfo([...shape], dtype));
}

/** Dispatches `pass` once over all blocks of batches of shape `(N, …)`. */
export function runBlocks(pass: BlockPass, shape: readonly number[]): void {
  const { key, images, tables, results, stream, code } = pass;
  const count = shape[0]!;
  const values = shape.slice(1).reduce((size, side) => size * side, 1);
  if (count * values === 0) return;
  const perImage = Math.ceil(values / 4);
  // A workgroup is of one image, so that its invocations read what belongs to the image at one place.
  const groups = Math.ceil(perImage / lanes());
  const whole = values % 4 === 0;
  const type = whole ? "vec4<f32>" : "f32";
  const typed = (tensors: object) => Object.keys(tensors).map((name) => [name, type]);
  const names = [...Object.keys(images), ...Object.keys(results)];
  const [key0, key1] = stream?.key ?? [0, 0];
  const [path0, path1] = stream?.stream ?? [0, 0];
  runInto(
    {
      key: `diffusion_${key}_${whole}`,
      inputs: Object.fromEntries([
        ...typed(images),
        ...Object.entries(tables).map(([name, [type]]) => [name, type]),
      ]),
      outputs: Object.fromEntries(typed(results)),
      uniforms: ["values", "perImage", "groups", "key0", "key1", "path0", "path1"],
      code: `${stream ? NOISE : ""}
      ${names.map((name) => readerOf(name, whole)).join("\n")}
      ${Object.keys(results).map((name) => writerOf(name, whole)).join("\n")}
      fn main(workgroup : i32) {
        let image = workgroup / uniforms.groups;
        let block = workgroup % uniforms.groups * ${lanes()} + i32(localId.x);
        if (block >= uniforms.perImage) { return; }
        let at = image * uniforms.values + 4 * block;
        let live = uniforms.values - 4 * block;
        ${code}
      }`,
    },
    [...Object.values(images), ...Object.values(tables).map(([, tensor]) => tensor)],
    Object.values(results),
    [values, perImage, groups, key0 | 0, key1 | 0, path0 | 0, path1 | 0],
    count * groups,
  );
}

/** What is read past the end of an image is not written. */
function readerOf(name: string, whole: boolean): string {
  const block = whole
    ? `${name}[at / 4]`
    : `vec4<f32>(${[0, 1, 2, 3].map((k) => `${name}[at + ${k}]`).join(", ")})`;
  return `fn read_${name}(at : i32) -> vec4<f32> { return ${block}; }`;
}

function writerOf(name: string, whole: boolean): string {
  const each = [0, 1, 2, 3].map((k) => `if (${k} < live) { ${name}[at + ${k}] = v[${k}]; }`);
  return `fn write_${name}(at : i32, live : i32, v : vec4<f32>) {
    ${whole ? `${name}[at / 4] = v;` : each.join("\n    ")}
  }`;
}
