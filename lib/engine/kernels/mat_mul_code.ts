/** The code of a matrix product, in the shape that suits its sizes and the adapter. @module */

import type { MatMulCode, MatMulForm, MatMulSizes } from "./mat_mul_form.ts";
import { registerCode } from "./mat_mul_registers.ts";
import { stagedCode } from "./mat_mul_staged.ts";
import { fitsTiles, texturedCode } from "./mat_mul_textured.ts";
import { registerTiles, type Tiles, tilesFor } from "./tiles.ts";

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
  switch (tiles.memory) {
    case "registers":
      return registerCode(sizes, form, tiles);
    case "workgroup":
      return stagedCode(sizes, form, tiles);
    case "texture":
      return fitsTiles(sizes, form)
        ? texturedCode(sizes, form, tiles)
        : registerCode(sizes, form, registerTiles());
  }
}
