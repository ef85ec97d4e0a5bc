/**
 * Sines and cosines that tell a network a time or a place.
 *
 * Reference: Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { run } from "../engine/program.ts";
import { toTensor } from "../engine/tape.ts";
import type { Tensor } from "../tensor.ts";

/** How times become sines and cosines. */
export interface TimeWaves {
  /** Radians per unit of time of each pair; an embedding has twice as many values. */
  readonly frequencies: Float32Array;
  /** Which half comes first. */
  readonly order: "sin-cos" | "cos-sin";
}

/**
 * `count` frequencies from 1 down, `10000^(−i / divisor)`.
 *
 * @param count How many.
 * @param divisor `count`, or `count − 1` for a last one of exactly 1/10000.
 */
export function falling(count: number, divisor: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 10000 ** (-i / divisor));
}

/** 2π as a number of 11 bits, whose products with small integers are exact, and what it lacks. */
const TURN = [6.28125, 2 * Math.PI - 6.28125];

/**
 * The waves at each time, in one dispatch; no gradient.
 *
 * An angle of some hundred radians is brought to [−π, π] first: beyond that WGSL promises nothing of
 * its sine.
 *
 * @param t Times, `(N)`, float32.
 * @param waves Frequencies and order.
 * @returns `(N, 2 · frequencies)`.
 */
export function embedTimes(t: Tensor, { frequencies, order }: TimeWaves): Tensor {
  const half = frequencies.length;
  const [first, second] = order.split("-");
  const waves = run(
    {
      key: `inkling_time_embedding_${order}_${half}`,
      outputShape: [t.size, 2 * half],
      inputs: ["t", "frequencies"],
      code: `fn main(index : i32) {
        if (index >= uniforms.size) { return; }
        let column = index % ${2 * half};
        let angle = t[index / ${2 * half}] * frequencies[column % ${half}];
        let turns = round(angle / ${2 * Math.PI});
        let rest = angle - turns * ${TURN[0]} - turns * ${TURN[1]};
        if (column < ${half}) { result[index] = ${first}(rest); } else { result[index] = ${second}(rest); }
      }`,
    },
    [t, tf.tensor1d(frequencies)],
  );
  return toTensor(waves);
}

/**
 * Positions on a grid, `(rows · columns, width)`, row by row: the first half of each tells the column, the
 * second the row, each by sines, then cosines of `place · 10000^(−i / (width / 4))`.
 *
 * Reference: He et al. 2022, <https://arxiv.org/abs/2111.06377>, whose table DiT takes over.
 *
 * @param rows Rows of the grid.
 * @param columns Columns.
 * @param width Values of a position, a multiple of 4.
 * @throws {RangeError} When the width is none.
 */
export function gridPositions(
  rows: number,
  columns: number,
  width: number,
): Float32Array<ArrayBuffer> {
  if (width % 4 !== 0 || width === 0) {
    throw new RangeError(
      `Cannot place tokens on a grid: the width must be a multiple of 4, got ${width}`,
    );
  }
  const quarter = width / 4;
  const values = new Float32Array(rows * columns * width);
  for (let place = 0; place < rows * columns; place++) {
    [place % columns, Math.floor(place / columns)].forEach((coordinate, axis) => {
      for (let i = 0; i < quarter; i++) {
        const angle = coordinate * 10000 ** (-i / quarter);
        const at = place * width + axis * 2 * quarter + i;
        values[at] = Math.sin(angle);
        values[at + quarter] = Math.cos(angle);
      }
    });
  }
  return values;
}
