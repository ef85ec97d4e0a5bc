/**
 * Random numbers that are named, not stored: a counter-based generator without global state.
 *
 * `Philox4x32-10` (Salmon, Moraes, Dror, Shaw: *Parallel random numbers: as easy as 1, 2, 3*,
 * SC'11) turns a 128-bit counter and a 64-bit key into 128 random bits. A stream is the sequence of
 * blocks under one key whose counters differ in their low half only:
 *
 * | word | counter                   | key                   |
 * |------|---------------------------|-----------------------|
 * | 0    | block number, low 32 bits | seed, low 32 bits     |
 * | 1    | block number, high        | seed, high 21 bits    |
 * | 2    | hash of the path, low     |                       |
 * | 3    | hash of the path, high    |                       |
 *
 * The block number starts at 0, and the 32-bit outputs of a stream are the four words of block 0 in
 * order, then those of block 1, and so on: output `i` is word `i % 4` of block `i / 4`. So a GPU
 * invocation can make any part of a stream from {@link Random.key} and {@link Random.stream}, and a
 * run that is resumed needs the names of its streams, not their state.
 *
 * @example A stream is the same wherever and whenever it is made
 * ```ts
 * import assert from "node:assert/strict";
 * import { Random } from "./random.ts";
 *
 * const epoch3 = new Random(42, "shuffle", 3).permutation(5);
 * assert.deepEqual(epoch3, new Random(42, "shuffle", 3).permutation(5));
 * ```
 *
 * @module
 */

/** Four 32-bit words: a counter or a block of output, least significant word first. */
export type Words4 = readonly [number, number, number, number];

/** Two 32-bit words: a key or half a counter, least significant word first. */
export type Words2 = readonly [number, number];

// The multipliers and the Weyl increments (golden ratio, √3 - 1) of the paper.
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

const TWO_32 = 2 ** 32;

/** The high 32 bits of `a · b`. No partial sum exceeds 2^33, so float64 keeps every bit. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/**
 * One block of `Philox4x32-10`.
 *
 * @example The known answer for counter 0 and key 0
 * ```ts
 * import assert from "node:assert/strict";
 * import { philox4x32 } from "./random.ts";
 *
 * assert.equal(philox4x32([0, 0, 0, 0], [0, 0])[0], 0x6627e8d5);
 * ```
 *
 * @param counter Which block; words outside 0..2^32-1 are taken modulo 2^32.
 * @param key The key of the sequence; words as above.
 * @param out Where to write the block, at least 4 words long.
 * @returns `out`, or a new array of 4 words.
 */
export function philox4x32(
  counter: Words4,
  key: Words2,
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/**
 * A 64-bit hash of a path as two words. Each part is a byte for its type (1 text, 0 number), its
 * length in bytes (32 bits, low byte first) and its UTF-8 or little-endian float64, so that
 * `"a", "bc"` differs from `"ab", "c"`, and `1` from `"1"`. The bytes go through FNV-1a (64 bits),
 * whose output the finalizer of MurmurHash3 then mixes.
 */
function hashPath(path: readonly (string | number)[]): Words2 {
  const prime = 0x100000001b3n;
  let hash = 0xcbf29ce484222325n;
  const add = (byte: number) => hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  for (const part of path) {
    const isText = typeof part === "string";
    // `part + 0` makes -0 the same name as 0.
    const bytes = isText
      ? new TextEncoder().encode(part)
      : new Uint8Array(new Float64Array([part + 0]).buffer);
    add(isText ? 1 : 0);
    for (let shift = 0; shift < 32; shift += 8) add((bytes.length >>> shift) & 0xff);
    bytes.forEach(add);
  }
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n);
  hash ^= hash >> 33n;
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}

/**
 * A stream of random numbers, named by a seed and a path.
 *
 * Streams of different names are independent. Integers, uniform numbers and permutations have the
 * same bits on every machine; normal numbers rest on the runtime's logarithm, sine and cosine in
 * float64, whose last bit is the runtime's choice.
 *
 * @example Weights of one layer
 * ```ts
 * import assert from "node:assert/strict";
 * import { Random } from "./random.ts";
 *
 * const weight = new Float32Array(128 * 784);
 * new Random(42, "init", "fc1.weight").fillUniform(weight, -1 / 28, 1 / 28);
 * assert.ok(weight.every((w) => Math.abs(w) <= Math.fround(1 / 28)));
 * ```
 */
export class Random {
  /** The Philox key: the seed's low and high 32 bits. */
  readonly key: Words2;
  /** Words 2 and 3 of every counter: the hash of the path. */
  readonly stream: Words2;

  readonly #block = new Uint32Array(4);
  #blockNumber = 0;
  #used = 4;
  #spareNormal: number | undefined;

  /**
   * Starts the stream from its beginning.
   *
   * @param seed An integer from 0 to 2^53 - 1.
   * @param path What the stream is for, such as `"init", "conv1.weight"` or `"shuffle", 3`.
   * @throws {RangeError} If the seed is not such an integer or a number of the path is not finite.
   */
  constructor(seed: number, ...path: readonly (string | number)[]) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(
        `Cannot seed a random stream: a seed is an integer from 0 to 2^53 - 1, got ${seed}.`,
      );
    }
    const odd = path.find((part) => typeof part === "number" && !Number.isFinite(part));
    if (odd !== undefined) {
      throw new RangeError(
        `Cannot name a random stream: a number in its path must be finite, got ${odd}.`,
      );
    }
    this.key = [seed >>> 0, Math.floor(seed / TWO_32)];
    this.stream = hashPath(path);
  }

  /**
   * Goes on with the first word of block `block`.
   *
   * @param block An integer from 0 to 2^53 - 1.
   * @returns This stream.
   * @throws {RangeError} If `block` is not such an integer.
   */
  seek(block: number): this {
    if (!Number.isSafeInteger(block) || block < 0) {
      throw new RangeError(
        `Cannot move in a random stream: a block is an integer from 0 to 2^53 - 1, got ${block}.`,
      );
    }
    this.#blockNumber = block;
    this.#used = 4;
    this.#spareNormal = undefined;
    return this;
  }

  /** The next 32 bits of the stream, as an integer from 0 to 2^32 - 1. */
  uint32(): number {
    if (this.#used === 4) {
      const n = this.#blockNumber++;
      const [low, high] = this.stream;
      philox4x32([n >>> 0, Math.floor(n / TWO_32), low, high], this.key, this.#block);
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }

  /** A number from `[0, 1)`, a multiple of 2^-24 and so exact in float32. Takes one output. */
  float(): number {
    return (this.uint32() >>> 8) / 0x1000000;
  }

  /**
   * An integer from 0 to `n - 1`, all equally likely. Takes one output, or more with probability
   * `(2^32 mod n) / 2^32`: outputs that would favour the small remainders are passed over.
   *
   * @param n An integer from 1 to 2^32.
   * @throws {RangeError} If `n` is not such an integer.
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) {
      throw new RangeError(
        `Cannot draw a random integer: the bound is an integer from 1 to 2^32, got ${n}.`,
      );
    }
    const limit = TWO_32 - TWO_32 % n;
    let x = this.uint32();
    while (x >= limit) x = this.uint32();
    return x % n;
  }

  /**
   * A number from the standard normal distribution, by the method of Box and Muller (1958):
   * `√(-2 ln u) · cos 2πv` and `√(-2 ln u) · sin 2πv` in turn, where `u` from `(0, 1]` and `v` from
   * `[0, 1)` are two outputs of 32 bits. So magnitudes stay below 6.7.
   */
  normal(): number {
    const spare = this.#spareNormal;
    if (spare !== undefined) {
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / TWO_32));
    const angle = 2 * Math.PI * (this.uint32() / TWO_32);
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /**
   * The integers from 0 to `n - 1` in random order (Fisher and Yates, from the last place down).
   *
   * @param n How many, at least 0.
   * @throws {RangeError} If `n` is not such an integer.
   */
  permutation(n: number): Uint32Array<ArrayBuffer> {
    if (!Number.isInteger(n) || n < 0 || n > TWO_32) {
      throw new RangeError(
        `Cannot permute: the length is an integer from 0 to 2^32, got ${n}.`,
      );
    }
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  }

  /**
   * Fills an array with numbers spread evenly over `[lo, hi)`, one {@link Random.float} each,
   * rounded to float32.
   *
   * @param out The array to fill.
   * @param lo The lower bound.
   * @param hi The upper bound; rounding may reach it when the bounds have few float32 between them.
   */
  fillUniform(out: Float32Array, lo: number, hi: number): void {
    for (let i = 0; i < out.length; i++) out[i] = lo + (hi - lo) * this.float();
  }

  /**
   * Fills an array with normally distributed numbers, one {@link Random.normal} each, rounded to
   * float32.
   *
   * @param out The array to fill.
   * @param mean The mean.
   * @param std The standard deviation.
   */
  fillNormal(out: Float32Array, mean: number, std: number): void {
    for (let i = 0; i < out.length; i++) out[i] = mean + std * this.normal();
  }
}
