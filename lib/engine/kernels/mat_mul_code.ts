/** The code of a matrix product, in the shape that suits its sizes and the adapter. @module */

import type { MatMulCode, MatMulForm, MatMulSizes } from "./mat_mul_form.ts";
import { registerCode } from "./mat_mul_registers.ts";
import { stagedCode } from "./mat_mul_staged.ts";
import { type Tiles, tilesFor } from "./tiles.ts";

/**
 * Chooses loads for products and writes their code.
 *
 * @param sizes The sizes, none of them 0.
 * @param form What the code is to do.
 * @param tiles The shape. @default the one for the sizes of a single product
 */
export function matMulCode(
  sizes: MatMulSizes,
  form: MatMulForm,
  tiles: Tiles = tilesFor(sizes, 1),
): MatMulCode {
  return tiles.memory === "registers"
    ? registerCode(sizes, form, tiles)
    : stagedCode(sizes, form, tiles);
}
