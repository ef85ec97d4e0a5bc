/**
 * Neighbouring numbers of a texture that do not begin with a texel.
 *
 * Pixels of one channel lie four to a texel, and a stretch of them begins anywhere. All texels that it
 * touches are loaded, and each number is picked from the four places where it can be: a software
 * adapter picks far faster than it loads.
 *
 * @module
 */

import { texel } from "./textures.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * WGSL that declares `name0`, `name1` and so on, `length` numbers of a texture from place `at`. Places
 * before the texture's begin hold any number.
 *
 * @param texture The texture.
 * @param at The place, an expression of type `i32`.
 * @param length How many numbers.
 * @param name Begins the names of all that is declared.
 */
export function texelWindow(texture: string, at: string, length: number, name: string): string {
  const texels = Math.ceil((length + 3) / 4);
  const number = (i: number) => `${name}Texel${i >> 2}[${i & 3}]`;
  return [
    `let ${name}At = ${at};`,
    `let ${name}Odd = (${name}At & 1) == 1;`,
    `let ${name}Late = (${name}At & 2) == 2;`,
    ...range(texels).map((k) =>
      `let ${name}Texel${k} = ${texel(texture, `max((${name}At >> 2u) + ${k}, 0)`)};`
    ),
    ...range(length).map((i) =>
      `let ${name}${i} = select(` +
      `select(${number(i)}, ${number(i + 1)}, ${name}Odd), ` +
      `select(${number(i + 2)}, ${number(i + 3)}, ${name}Odd), ${name}Late);`
    ),
  ].join("\n          ");
}
