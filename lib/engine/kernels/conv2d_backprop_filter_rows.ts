/**
 * The code of a filter gradient whose invocations take rows of the output to themselves, for few
 * channels.
 *
 * Each invocation of a workgroup has a slice of its own: some rows of `dy`. For these it sums the same
 * block of the filter: one kernel row, with all of its places, by some input and some output channels,
 * in named scalars. A stretch of a row of `x` is loaded once and meets all places of the kernel row.
 * So no lane is idle however few the channels are, and few loads feed many sums, which is what counts
 * on a software adapter, where a load costs as much as dozens of sums.
 *
 * @module
 */

import { channelsRead, type Reading, readingOf } from "./image_reading.ts";
import { type FilterGradientCode, gainsFromTextures } from "./conv2d_backprop_filter_code.ts";
import type { ConvSizes } from "./conv_sizes.ts";
import { evenParts } from "./even_parts.ts";
import { lanes } from "./lanes.ts";
import { texelWindow } from "./texel_window.ts";
import { texel } from "./textures.ts";

/** Sums of a block. */
const MAX_SUMS = 64;
/** The same where both sides are textures: four by four channels of a row of five weights. */
const MAX_TEXTURE_SUMS = 80;
/** Products written out one after the other. */
const MAX_PRODUCTS = 320;
/** Pixels of a stretch. */
const MAX_STRETCH = 8;
/** Workgroups below which there are more slices. */
const ENOUGH_WORKGROUPS = 24;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** How the filter is cut into blocks, and the rows of the output into slices. */
interface RowsPlan {
  /** How both sides are read. */
  readonly reading: { readonly x: Reading; readonly dy: Reading };
  /** Channels of both sides as they are read. */
  readonly channels: FilterGradientCode["channels"];
  /** Input channels of a block; a multiple of four of what is read so. */
  readonly inputs: number;
  /** Output channels of a block; a multiple of four of what is read so. */
  readonly outputs: number;
  /** Pixels of a row of `dy` for which `x` is loaded together. */
  readonly stretch: number;
  /** Blocks of the filter. */
  readonly blocks: number;
  /** Rows of `dy`, of all images, per slice. */
  readonly perSlice: number;
  /** Slices. */
  readonly slices: number;
}

/** The code for sizes. */
export function codeByRows(s: ConvSizes): FilterGradientCode {
  const plan = planRows(s);
  const { reading, channels, inputs, outputs, stretch, blocks, perSlice, slices } = plan;
  return {
    key: `rows_${inputs}_${outputs}_${stretch}_${reading.x}_${reading.dy}`,
    componentsX: 1,
    textures: { x: reading.x !== "numbers", dy: reading.dy !== "numbers" },
    channels,
    workgroups: blocks * Math.ceil(slices / lanes()),
    slices,
    perSlice,
    write: (result) => filterGradient(s, plan, result),
  };
}

function planRows(s: ConvSizes): RowsPlan {
  const worth = gainsFromTextures(s);
  const reading = {
    x: readingOf(s.inChannels, s.batchSize * s.inHeight * s.inWidth, worth),
    dy: readingOf(s.outChannels, s.batchSize * s.outHeight * s.outWidth, worth),
  };
  const channels = {
    x: channelsRead(s.inChannels, reading.x),
    dy: channelsRead(s.outChannels, reading.dy),
  };
  const bothFours = reading.x === "fours" && reading.dy === "fours";
  const most = bothFours ? MAX_TEXTURE_SUMS : MAX_SUMS;
  const pairs = Math.max(1, Math.floor(most / s.filterWidth));
  // About square, so that a load of either side serves as many sums, unless one side has too little.
  const square = Math.ceil(Math.sqrt(pairs));
  const outputs = part(channels.dy, reading.dy, Math.max(square, Math.floor(pairs / channels.x)));
  const inputs = part(channels.x, reading.x, Math.max(1, Math.floor(pairs / outputs)));
  const products = inputs * outputs * s.filterWidth;
  const limit = Math.floor(MAX_PRODUCTS / products);
  const stretch = evenParts(s.outWidth, Math.max(1, Math.min(MAX_STRETCH, limit)));
  const blocks = s.filterHeight * Math.ceil(s.inChannels / inputs) *
    Math.ceil(s.outChannels / outputs);
  const rows = s.batchSize * s.outHeight;
  const wanted = Math.ceil(ENOUGH_WORKGROUPS / blocks) * lanes();
  const perSlice = Math.ceil(rows / Math.min(rows, wanted));
  const slices = Math.ceil(rows / perSlice);
  return { reading, channels, inputs, outputs, stretch, blocks, perSlice, slices };
}

/** Channels of a block: as many as the limit allows, or as many fours. */
function part(channels: number, reading: Reading, limit: number): number {
  return reading === "fours"
    ? 4 * evenParts(channels / 4, Math.max(1, limit >> 2))
    : evenParts(channels, limit);
}

function filterGradient(s: ConvSizes, plan: RowsPlan, result: string): string {
  const { reading, channels, inputs, outputs, stretch, blocks } = plan;
  const across = Math.ceil(s.outChannels / outputs);
  const deep = Math.ceil(s.inChannels / inputs);
  const U = range(s.filterWidth);
  const I = range(inputs);
  const J = range(outputs);
  const R = range(stretch);
  const pixel = (r: number, u: number) => r * s.strideWidth + u;
  const window = [...new Set(R.flatMap((r) => U.map((u) => pixel(r, u))))].sort((a, b) => a - b);
  const whole = s.outWidth % stretch === 0;
  const fours = (n: number) => range(n / 4);
  const [left, right] = [window[0]!, window.at(-1)!];
  const load = (v: number) => {
    const at = `xi + ${v * channels.x}`;
    const values = reading.x === "fours"
      ? fours(inputs).map((q) =>
        `let x${v}_${q} = select(vec4<f32>(0.0), ` +
        `${texel("x", `max(${at} + firstIn + ${4 * q}, 0) >> 2u`)}, in${v});`
      )
      : reading.x === "stretches"
      ? [`let x${v}_0 = select(0.0, near${v - left}, in${v});`]
      : I.map((i) => `let x${v}_${i} = select(0.0, x[max(${at} + c${i}, 0)], in${v});`);
    return `let in${v} = isRow && iw + ${v} >= 0 && iw + ${v} < ${s.inWidth};
          ${values.join(" ")}`;
  };
  const sums = (r: number) => {
    const at = `min(di + ${r * channels.dy}, lastPixel)`;
    const values = reading.dy === "fours"
      ? fours(outputs).map((q) =>
        `let d${q} = select(vec4<f32>(0.0), ` +
        `${texel("dy", `(${at} + firstOut + ${4 * q}) >> 2u`)}, isPixel);`
      )
      : reading.dy === "stretches"
      ? [`let d0 = select(0.0, given${r}, isPixel);`]
      : J.map((j) => `let d${j} = select(0.0, dy[${at} + o${j}], isPixel);`);
    return `{
          let isPixel = isRow${whole ? "" : ` && ow + ${r} < ${s.outWidth}`};
          ${values.join(" ")}
          ${
      U.map((u) =>
        I.map((i) =>
          J.map((j) => {
            const x = reading.x === "fours"
              ? `x${pixel(r, u)}_${i >> 2}[${i & 3}]`
              : `x${pixel(r, u)}_${i}`;
            const d = reading.dy === "fours" ? `d${j >> 2}[${j & 3}]` : `d${j}`;
            return `s${u}_${i}_${j} = fma(${x}, ${d}, s${u}_${i}_${j});`;
          }).join(" ")
        ).join("\n          ")
      ).join("\n          ")
    }
        }`;
  };
  return `
  fn filterGradient(block : i32) {
    let kh = block / ${across * deep} % ${s.filterHeight};
    let firstIn = block / ${across} % ${deep} * ${inputs};
    let firstOut = block % ${across} * ${outputs};
    let slice = block / ${blocks} * ${lanes()} + i32(localId.x);
    let rows = uniforms.batchSize * ${s.outHeight};
    let lastPixel = (rows * ${s.outWidth} - 1) * ${channels.dy};
    ${I.map((i) => `let c${i} = min(firstIn + ${i}, ${s.inChannels - 1});`).join(" ")}
    ${J.map((j) => `let o${j} = min(firstOut + ${j}, ${s.outChannels - 1});`).join(" ")}
    ${
    U.map((u) => I.map((i) => J.map((j) => `var s${u}_${i}_${j} = 0.0;`).join(" ")).join(" ")).join(
      "\n    ",
    )
  }
    for (var n = 0; n < uniforms.perSlice; n++) {
      let row = min(slice * uniforms.perSlice + n, rows - 1);
      let ih = row % ${s.outHeight} * ${s.strideHeight} + kh - ${s.top};
      let isRow = slice * uniforms.perSlice + n < rows && ih >= 0 && ih < ${s.inHeight};
      for (var ow = 0; ow < ${s.outWidth}; ow += ${stretch}) {
        let iw = ow * ${s.strideWidth} - ${s.left};
        let xi = ((row / ${s.outHeight} * ${s.inHeight} + ih) * ${s.inWidth} + iw) * ${channels.x};
        let di = (row * ${s.outWidth} + ow) * ${channels.dy};
        ${
    reading.x === "stretches" ? texelWindow("x", `xi + ${left}`, right - left + 1, "near") : ""
  }
        ${reading.dy === "stretches" ? texelWindow("dy", "di", stretch, "given") : ""}
        ${window.map(load).join("\n        ")}
        ${R.map(sums).join("\n        ")}
      }
    }
    if (slice * uniforms.perSlice >= rows) { return; }
    let base = (slice * ${s.filterHeight} + kh) * ${s.filterWidth * s.inChannels * s.outChannels};
    ${
    I.map((i) =>
      `if (firstIn + ${i} < ${s.inChannels}) {
      ${
        J.map((j) =>
          `if (firstOut + ${j} < ${s.outChannels}) {
        let at = base + c${i} * ${s.outChannels} + o${j};
        ${
            U.map((u) => `${result}[at + ${u * s.inChannels * s.outChannels}] = s${u}_${i}_${j};`)
              .join(" ")
          }
      }`
        ).join("\n      ")
      }
    }`
    ).join("\n    ")
  }
  }`;
}
