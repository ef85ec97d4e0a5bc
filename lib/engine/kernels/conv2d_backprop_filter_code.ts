/**
 * The code of a filter gradient whose invocations take output channels to themselves, for many of these.
 *
 * An invocation keeps a block of weights in registers, `rows` of one kernel row (which lie side by side
 * in `x`) by `columns` output channels, so that one loaded value serves a whole row or column of the
 * block. Neighbouring invocations take neighbouring output channels, the fast axis of `dy` and `dF`.
 * Where the weights alone give too few workgroups, the batch is split into slices.
 *
 * @module
 */

import { texel, worthTextures } from "./textures.ts";
import type { ConvSizes } from "./conv_sizes.ts";
import { lanes } from "./lanes.ts";

/** Workgroups below which the batch is split: a GPU has hundreds at work. */
const enoughWorkgroups = () => lanes() < 32 ? 24 : 512;
const MAX_ROWS = 8;
const MAX_COLUMNS = 8;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Code for the filter's gradient, or for its share from each slice of the work. */
export interface FilterGradientCode {
  /** Everything that is written into the code but the sizes. */
  readonly key: string;
  /** How many numbers an element of `x` holds. */
  readonly componentsX: 1 | 4;
  /** Which of them are textures (see `textures.ts`). */
  readonly textures: { readonly x: boolean; readonly dy: boolean };
  /** Their channels as they are read, with zeros behind those that they have. */
  readonly channels: { readonly x: number; readonly dy: number };
  /** Workgroups, of {@link lanes} invocations. */
  readonly workgroups: number;
  /** Slices, each of which has its own result. */
  readonly slices: number;
  /** What `uniforms.perSlice` must be. */
  readonly perSlice: number;
  /** `fn filterGradient(block : i32)`, which reads `x`, `dy` and `uniforms.batchSize`, too. */
  readonly write: (result: string) => string;
}

/** How the filter is cut into blocks, and the batch into slices. */
interface Blocks {
  /** Rows of a block: neighbouring (kw, ci) pairs of one kernel row. */
  readonly rows: number;
  /** Columns of a block: output channels per invocation, `lanes()` apart. */
  readonly columns: number;
  /** Whether all rows of a block have the same kw. */
  readonly oneColumn: boolean;
  /** Workgroups over output channels and over rows. */
  readonly groups: readonly [number, number];
  /** Images per slice. */
  readonly perSlice: number;
  /** Slices of the batch. */
  readonly slices: number;
  /** Whether `x` and `dy` are textures; then an invocation's channels are neighbours by fours. */
  readonly textures: boolean;
}

/** Products from which a software adapter gains from textures. */
const WORTH_TEXTURES = 2 ** 22;

/** The code for sizes. */
export function codeByChannels(sizes: ConvSizes): FilterGradientCode {
  const blocks = planBlocks(sizes);
  const { rows, columns, groups, slices, perSlice, textures } = blocks;
  return {
    key: `channels_${rows}_${columns}${textures ? "_textures" : ""}`,
    componentsX: readsVectors(blocks) ? 4 : 1,
    textures: { x: textures, dy: textures },
    channels: { x: sizes.inChannels, dy: sizes.outChannels },
    workgroups: groups[0] * groups[1] * slices,
    slices,
    perSlice,
    write: (result) => filterGradient(sizes, blocks, result),
  };
}

function planBlocks(sizes: ConvSizes): Blocks {
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize, strideWidth } = sizes;
  // A block that stays within one kernel column needs no test inside its loops.
  const divisor = largestDivisor(inChannels, MAX_ROWS);
  const oneColumn = divisor >= 4 || divisor === inChannels && strideWidth > 1;
  const rows = oneColumn ? divisor : Math.min(MAX_ROWS, filterWidth * inChannels);
  const columns = Math.min(MAX_COLUMNS, Math.ceil(outChannels / lanes()));
  const groups: [number, number] = [
    Math.ceil(outChannels / (lanes() * columns)),
    filterHeight * Math.ceil(filterWidth * inChannels / rows),
  ];
  const wanted = Math.ceil(enoughWorkgroups() / (groups[0] * groups[1]));
  const perSlice = Math.ceil(batchSize / Math.min(batchSize, wanted));
  const textures = oneColumn && rows % 4 === 0 && columns % 4 === 0 &&
    inChannels % 4 === 0 && outChannels % 4 === 0 && gainsFromTextures(sizes);
  const slices = Math.ceil(batchSize / perSlice);
  return { rows, columns, oneColumn, groups, perSlice, slices, textures };
}

/** Whether a filter's gradient is large enough for textures. */
export function gainsFromTextures(s: ConvSizes): boolean {
  const pixels = s.batchSize * s.outHeight * s.outWidth;
  const weights = s.filterHeight * s.filterWidth * s.inChannels * s.outChannels;
  return worthTextures(pixels * weights, WORTH_TEXTURES);
}

function largestDivisor(n: number, limit: number): number {
  for (let d = Math.min(n, limit); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/** Whether four channels of `x` are read as one vector. */
function readsVectors({ oneColumn, rows }: Blocks): boolean {
  return oneColumn && rows % 4 === 0;
}

function filterGradient(s: ConvSizes, blocks: Blocks, result: string): string {
  const { rows, columns, oneColumn, groups, textures } = blocks;
  const patch = s.filterWidth * s.inChannels; // values of one kernel row, contiguous in x
  const blocksPerRow = Math.ceil(patch / rows);
  const vector = readsVectors(blocks);
  const I = range(rows);
  const J = range(columns);

  // First output column whose input column `ow·s + kw − p` is not left of the image, and the first
  // whose is right of it.
  const firstColumn = (kw: string) =>
    `max(0, (${s.left} - ${kw} + ${s.strideWidth - 1}) / ${s.strideWidth})`;
  const endColumn = (kw: string) =>
    `min(${s.outWidth}, (${s.inWidth} - 1 + ${s.left} - ${kw} + ${s.strideWidth}) / ${s.strideWidth})`;

  const rowSetup = oneColumn
    ? `let kw = r0 / ${s.inChannels};
       let begin = ${firstColumn("kw")};
       let end = ${endColumn("kw")};`
    : `let begin = 0;
       let end = ${s.outWidth};
       ${
      I.map((i) =>
        `let kw${i} = min(r0 + ${i}, ${patch - 1}) / ${s.inChannels};
         let from${i} = ${firstColumn(`kw${i}`)};
         let to${i} = ${endColumn(`kw${i}`)};`
      ).join("\n")
    }`;

  // Channels of an invocation: neighbours by fours, or `lanes()` apart.
  const each = textures ? 4 : 1;
  const offset = (j: number) => textures ? (j >> 2) * 4 * lanes() + (j & 3) : j * lanes();
  const last = s.outChannels - 1;
  const channel = (j: number) =>
    textures
      ? `min(first + ${offset(j & ~3)}, ${last - 3}) + ${j & 3}`
      : `min(first + ${offset(j)}, ${last})`;
  const loadDy = textures
    ? range(columns / 4).map((q) => `let g${q} = ${texel("dy", `(di + c${4 * q}) >> 2u`)};`)
    : J.map((j) => `let d${j} = dy[di + c${j}];`);
  const dyValue = (j: number) => textures ? `g${j >> 2}[${j & 3}]` : `d${j}`;
  const loadX = textures
    ? range(rows / 4).map((q) => `let v${q} = ${texel("x", `(xi >> 2u) + ${q}`)};`).join(" ")
    : vector
    ? range(rows / 4).map((q) => `let v${q} = x[(xi >> 2u) + ${q}];`).join(" ")
    : oneColumn
    ? I.map((i) => `let x${i} = x[xi + ${i}];`).join(" ")
    : I.map((i) => `let x${i} = select(0.0, x[max(xi + ${i}, 0)], ow >= from${i} && ow < to${i});`)
      .join("\n");
  const xValue = (i: number) => vector ? `v${i >> 2}[${i & 3}]` : `x${i}`;

  return `
  fn filterGradient(block : i32) {
    let row = block / ${groups[0]} % ${groups[1]};
    let kh = row / ${blocksPerRow};
    let r0 = row % ${blocksPerRow} * ${rows};
    let first = block % ${groups[0]} * ${lanes() * columns} + ${each} * i32(localId.x);
    let slice = block / ${groups[0] * groups[1]};
    if (slice * uniforms.perSlice >= uniforms.batchSize) { return; }
    ${J.map((j) => `let c${j} = ${channel(j)};`).join(" ")}
    ${rowSetup}
    let rowBegin = max(0, (${s.top} - kh + ${s.strideHeight - 1}) / ${s.strideHeight});
    let rowEnd = min(${s.outHeight},
      (${s.inHeight} - 1 + ${s.top} - kh + ${s.strideHeight}) / ${s.strideHeight});
    ${I.map((i) => J.map((j) => `var s${i}_${j} = 0.0;`).join(" ")).join("\n    ")}
    let last = min((slice + 1) * uniforms.perSlice, uniforms.batchSize);
    for (var b = slice * uniforms.perSlice; b < last; b++) {
      for (var oh = rowBegin; oh < rowEnd; oh++) {
        let ih = oh * ${s.strideHeight} + kh - ${s.top};
        var xi = ((b * ${s.inHeight} + ih) * ${s.inWidth} + begin * ${s.strideWidth} - ${s.left})
          * ${s.inChannels} + r0;
        var di = ((b * ${s.outHeight} + oh) * ${s.outWidth} + begin) * ${s.outChannels};
        for (var ow = begin; ow < end; ow++) {
          ${loadX}
          ${loadDy.join(" ")}
          ${
    I.map((i) =>
      J.map((j) => `s${i}_${j} = fma(${xValue(i)}, ${dyValue(j)}, s${i}_${j});`).join(" ")
    )
      .join("\n          ")
  }
          xi += ${s.strideWidth * s.inChannels};
          di += ${s.outChannels};
        }
      }
    }
    let base = ((slice * ${s.filterHeight} + kh) * ${patch} + r0) * ${s.outChannels};
    ${
    J.map((j) =>
      `if (first + ${offset(j)} < ${s.outChannels}) {
      ${
        I.map((i) =>
          `${patch % rows === 0 ? "" : `if (r0 + ${i} < ${patch}) `}{ ` +
          `${result}[base + ${i * s.outChannels} + c${j}] = s${i}_${j}; }`
        ).join("\n      ")
      }
    }`
    ).join("\n    ")
  }
  }`;
}
