/**
 * Which shape of the matrix product computes which sizes.
 *
 * Every shape sums each result over `k` in the same order, so the choice changes the time that a
 * product takes and no bit of it. A software adapter has one good shape. On a GPU the best one
 * depends on the model: `../tuning.ts` measures the candidates of each class of sizes once and puts
 * its choice here; until then there are guesses.
 *
 * @module
 */

import { backend } from "../backend.ts";
import { lanes } from "./lanes.ts";
import type { MatMulSizes } from "./mat_mul_form.ts";
import { worthTextures } from "./textures.ts";

/** Invocations that compute a block each from what they load into registers. */
export interface RegisterTiles {
  /** Where the factors are kept. */
  readonly memory: "registers";
  /** Invocations per workgroup, a power of two. */
  readonly lanes: number;
  /** Rows of the result per invocation at most, a power of two. */
  readonly rows: number;
  /** Columns of the result per invocation at most, a power of two. */
  readonly columns: number;
  /**
   * Columns that one invocation takes before a second one takes neighbouring columns, where all of
   * the invocations together would be wider than the result.
   */
  readonly narrow: number;
}

/** Workgroups that compute a square together from what they put into workgroup memory. */
export interface StagedTiles {
  /** Where the factors are kept. */
  readonly memory: "workgroup";
  /** Rows and columns of the square. */
  readonly side: 32 | 64 | 128;
}

/** Invocations that compute a block each from texels. */
export interface TextureTiles {
  /** Where the factors are kept. */
  readonly memory: "texture";
  /** Invocations per workgroup. */
  readonly lanes: number;
  /** Rows of the result per invocation, 8 or 16; 8 where there are not as many. */
  readonly rows: 8 | 16;
}

/** A shape of the product's code. */
export type Tiles = RegisterTiles | StagedTiles | TextureTiles;

/**
 * Sizes that suit the same tiles: `skinny` with few rows or columns, and all others by the number of
 * results, `small` below 128² and `large` from 1024² on.
 */
export type SizeClass = "skinny" | "small" | "medium" | "large";

/** All classes, those first that have most to gain from the right tiles. */
export const SIZE_CLASSES: readonly SizeClass[] = ["large", "medium", "small", "skinny"];

/** Multiplications from which the copies into textures are worth it. */
const WORTH_TEXTURES = 2 ** 18;

/** Tiles for each class that has been decided about. */
export type TileChoice = Readonly<Partial<Record<SizeClass, Tiles>>>;

/** The class of products. */
export function classOf({ M, N }: MatMulSizes, batch: number): SizeClass {
  const results = batch * M * N;
  if (Math.min(M, N) <= 16) return "skinny";
  return results < 128 ** 2 ? "small" : results < 1024 ** 2 ? "medium" : "large";
}

/** Bytes of workgroup memory that staged tiles take: two turns of the rows of both sides. */
export function stagedBytes(tiles: StagedTiles): number {
  const { depth } = stagedShape(tiles);
  return 2 * depth * 2 * tiles.side * 4;
}

/**
 * How a workgroup is laid out over staged tiles.
 *
 * @returns Invocations per workgroup; `edge`, the side of the square of results that each computes;
 *   `depth`, the steps of `k` brought at a time, such that every invocation brings 4 × 4 values: the
 *   first half of them from `A`, the second from `B`.
 */
export function stagedShape({ side }: StagedTiles): { lanes: number; edge: number; depth: number } {
  const edge = side === 32 ? 4 : 8;
  const lanes = (side / edge) ** 2;
  return { lanes, edge, depth: 8 * lanes / side };
}

const GPU_SHAPE = { rows: 8, columns: 4, narrow: 1 };

/** The register tiles of an adapter whose products were not measured. */
export function registerTiles(): RegisterTiles {
  const isSoftware = lanes() < 32;
  // A GPU needs many workgroups more than it needs values used often.
  const shape = isSoftware ? { rows: 16, columns: 8, narrow: 10 } : GPU_SHAPE;
  return { memory: "registers", lanes: lanes(), ...shape };
}

const registers = (lanes: number, rows: number, columns: number): Tiles => (
  { memory: "registers", lanes, rows, columns, narrow: 1 }
);
const staged = (side: StagedTiles["side"]): Tiles => ({ memory: "workgroup", side });

const CANDIDATES: Readonly<Record<SizeClass, readonly Tiles[]>> = {
  large: [staged(128), staged(64), registers(32, 8, 8)],
  medium: [staged(32), staged(64), registers(32, 8, 4)],
  small: [registers(32, 4, 4), staged(32), registers(64, 8, 4)],
  skinny: [registers(64, 4, 4), registers(32, 8, 4), registers(64, 8, 8)],
};

/** What to measure for a class, the likeliest first. All of them run on the active device. */
export function candidates(sizeClass: SizeClass): readonly Tiles[] {
  return CANDIDATES[sizeClass].filter(fits);
}

/** Whether the active device has the workgroups and the memory for tiles. */
export function fits(tiles: Tiles): boolean {
  const { limits } = backend().device;
  const { lanes } = tiles.memory === "workgroup" ? stagedShape(tiles) : tiles;
  return lanes <= limits.maxComputeInvocationsPerWorkgroup &&
    (tiles.memory !== "workgroup" || stagedBytes(tiles) <= limits.maxComputeWorkgroupStorageSize);
}

/** Before anything is measured. */
function guess(sizeClass: SizeClass, multiplications: number): Tiles {
  if (worthTextures(multiplications, WORTH_TEXTURES)) {
    return { memory: "texture", lanes: lanes(), rows: 16 };
  }
  if (lanes() < 32) return registerTiles();
  const guesses: TileChoice = { medium: staged(32), large: staged(64) };
  return guesses[sizeClass] ?? registerTiles();
}

let chosen: TileChoice = {};
let forced: Tiles | undefined;

/**
 * Takes a measured choice for the products from now on; classes that it leaves out are guessed.
 *
 * @returns The choice until now.
 */
export function chooseTiles(choice: TileChoice): TileChoice {
  const before = chosen;
  chosen = choice;
  return before;
}

/** Computes all products with these tiles, whatever their sizes; without tiles, no more. */
export function forceTiles(tiles?: Tiles): void {
  forced = tiles;
}

/** The tiles for products. */
export function tilesFor(sizes: MatMulSizes, batch: number): Tiles {
  const sizeClass = classOf(sizes, batch);
  return forced ?? chosen[sizeClass] ?? guess(sizeClass, batch * sizes.M * sizes.N * sizes.K);
}
