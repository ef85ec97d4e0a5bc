/**
 * Tensors read through textures.
 *
 * A software adapter loads from a buffer lane by lane, in a loop with a branch for each. Its texture
 * loads bring four numbers to all lanes at once, which makes a matrix product on llvmpipe four times
 * as fast, the copies into the textures counted in. A GPU has no need of it.
 *
 * @module
 */

import { backend, bufferOf } from "../backend.ts";
import { lanes } from "./lanes.ts";

/** Texels in a row of a texture; a texel holds four numbers. */
const WIDTH = 1024;
/** Bytes of a texel. */
const TEXEL = 16;

/** Lanes of a GPU. */
const MANY_LANES = 32;

let forced: boolean | undefined;

/**
 * Whether a kernel should read through textures.
 *
 * @param products What it multiplies.
 * @param least Products from which the copies, and longer code, are worth it on a software adapter.
 */
export function worthTextures(products: number, least: number): boolean {
  return forced ?? (lanes() < MANY_LANES && products >= least);
}

/** Reads all that can be read so through textures, or nothing; without a choice, what is worth it. */
export function forceTextures(choice?: boolean): void {
  forced = choice;
}

const pools = new WeakMap<GPUDevice, Map<string, [GPUTexture, GPUTextureView]>>();

/**
 * The texel with numbers `4 at` to `4 at + 3` of a tensor, in WGSL.
 *
 * @param name The texture.
 * @param at The texel's number, an expression of type `i32`.
 */
export function texel(name: string, at: string): string {
  return `textureLoad(${name}, vec2<i32>((${at}) & ${WIDTH - 1}, (${at}) >> ${
    Math.log2(WIDTH)
  }u), 0)`;
}

/**
 * Copies a tensor into a texture, among tfjs's own commands and in their order.
 *
 * The texture is the device's own for `slot` and the size: the next copy of that size into that slot
 * takes it again, after the dispatches that were encoded before.
 *
 * @param tensor A multiple of four numbers. The largest that a buffer can be bound with, 128 MiB, fills
 *   the 8 192 rows that every device has.
 * @param slot Tells textures apart that one dispatch reads.
 */
export function textureOf(
  tensor: { readonly dataId: object; readonly shape: readonly number[] },
  slot: number,
): GPUTextureView {
  const active = backend();
  const texels = tensor.shape.reduce((size, side) => size * side, 1) / 4;
  const rows = Math.floor(texels / WIDTH);
  const rest = texels % WIDTH;
  const [texture, view] = pooled(active.device, slot, Math.ceil(texels / WIDTH));
  const buffer = bufferOf(tensor);
  active.commandQueueOwnedIds.add(tensor.dataId);
  active.ensureCommandEncoderReady();
  active.endComputePassEncoder();
  const encoder = active.commandEncoder!;
  const bytesPerRow = WIDTH * TEXEL;
  if (rows > 0) encoder.copyBufferToTexture({ buffer, bytesPerRow }, { texture }, [WIDTH, rows]);
  if (rest > 0) {
    const source = { buffer, offset: rows * bytesPerRow, bytesPerRow };
    encoder.copyBufferToTexture(source, { texture, origin: [0, rows] }, [rest, 1]);
  }
  return view;
}

function pooled(device: GPUDevice, slot: number, rows: number): [GPUTexture, GPUTextureView] {
  let pool = pools.get(device);
  if (pool === undefined) pools.set(device, pool = new Map());
  const height = 2 ** Math.ceil(Math.log2(rows));
  const key = `${slot}_${height}`;
  let entry = pool.get(key);
  if (entry === undefined) {
    const texture = device.createTexture({
      size: [WIDTH, height],
      format: "rgba32float",
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
    pool.set(key, entry = [texture, texture.createView()]);
  }
  return entry;
}
