/**
 * Just enough of WebAssembly's binary format to write one function on 128-bit vectors by hand.
 *
 * JavaScript has no vector instructions; a module assembled from these few words has, needs no
 * compiler and no file beside the code, and so works wherever the project does. Instructions are
 * arrays of bytes, spread one after the other into a body; each comment gives the name in the
 * specification (<https://webassembly.github.io/spec/core/appendix/index-instructions.html>).
 *
 * @module
 */

/** The bytes of one instruction or several. */
export type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION = 0x60;
const EMPTY = 0x40;

/** Reads and writes of a function's parameters and locals, by their number. */
export const local = {
  /** `local.get` */
  get: (index: number): Code => [0x20, index],
  /** `local.set` */
  set: (index: number): Code => [0x21, index],
};

/** 32-bit integers; an address may carry a constant offset. */
export const i32 = {
  /** `i32.const`, for 0 to 8191 */
  const: (value: number): Code => [0x41, (value & 0x7f) | 0x80, value >> 7],
  /** `i32.load` */
  load: (offset = 0): Code => [0x28, 2, ...unsigned(offset)],
  /** `i32.add` */
  add: [0x6a] as Code,
  /** `i32.mul` */
  multiply: [0x6c] as Code,
  /** `i32.lt_u` */
  lessThan: [0x49] as Code,
};

/** Vectors of 128 bits. */
export const v128 = {
  /** `v128.const`, all bits 0 */
  zero: [0xfd, 0x0c, ...new Array<number>(16).fill(0)] as Code,
  /** `v128.load8x8_u`: eight bytes, widened to 16 bits */
  load8x8: (offset = 0): Code => [0xfd, 0x02, 0, ...unsigned(offset)],
  /** `v128.load32_splat`: four bytes, four times */
  load32Splat: (offset = 0): Code => [0xfd, 0x09, 2, ...unsigned(offset)],
  /** `v128.store` */
  store: (offset = 0): Code => [0xfd, 0x0b, 2, ...unsigned(offset)],
  /** `i32x4.dot_i16x8_s`: products of 16 bits, neighbours added to 32 */
  dot16: [0xfd, 0xba, 0x01] as Code,
  /** `i32x4.add` */
  add32: [0xfd, 0xae, 0x01] as Code,
};

/** Runs `body`, and again as long as `condition` leaves a number other than 0. */
export function doWhile(body: Code, condition: Code): Code {
  return [0x03, EMPTY, ...body, ...condition, 0x0d, 0, 0x0b]; // loop, br_if 0, end
}

/** A function without results on the imported memory `env.memory`. */
export interface WasmFunction {
  /** The name under which the module exports it. */
  readonly name: string;
  /** How many parameters it has, all i32; they are the first locals. */
  readonly parameters: number;
  /** How many further locals there are: i32 first, then v128. */
  readonly locals: { readonly i32: number; readonly v128: number };
  /** Its instructions. */
  readonly body: Code;
}

/** The bytes of a module with one function. */
export function assemble(
  { name, parameters, locals, body }: WasmFunction,
): Uint8Array<ArrayBuffer> {
  const types = [1, FUNCTION, ...vector(new Array<number>(parameters).fill(I32)), 0];
  const imports = [1, ...text("env"), ...text("memory"), 2, 0, 1]; // a memory of a page or more
  const exports = [1, ...text(name), 0, 0];
  const code = [2, locals.i32, I32, locals.v128, V128, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, types),
    ...section(2, imports),
    ...section(3, [1, 0]), // one function, of type 0
    ...section(7, exports),
    ...section(10, [1, ...vector(code)]),
  ]);
}

function section(id: number, content: Code): Code {
  return [id, ...vector(content)];
}

function text(ascii: string): Code {
  return vector([...ascii].map((character) => character.charCodeAt(0)));
}

function vector(content: Code): Code {
  return [...unsigned(content.length), ...content];
}

/** LEB128: seven bits to a byte, low ones first. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}
