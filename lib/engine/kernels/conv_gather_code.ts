/**
 * The code of a gathering: a convolution, or the gradient of its input.
 *
 * An invocation computes `rows` neighbouring cells of one row by `columns` channels in named scalars.
 * It loads the stretch of a source row that these cells meet once and uses it for all columns of the
 * filter and all its channels: with a 5×5 filter, 11 pixels for 7 cells, where each cell by itself
 * would load 35. Neighbouring invocations take neighbouring stretches and want the same weights at
 * once. So few loads feed many products, and no lane is idle however few the channels are.
 *
 * @module
 */

import { texelWindow } from "./texel_window.ts";
import { texel, worthTextures } from "./textures.ts";
import { BLOCK } from "./block.ts";
import { channelsRead, type Reading, readingOf } from "./image_reading.ts";
import { type Axis, type Gathering, hangsOver, phaseCode, phasesOf, tapsOf } from "./conv_axes.ts";
import { type Epilogue, finished, RECTIFY } from "./epilogue.ts";
import { evenParts } from "./even_parts.ts";
import { lanes } from "./lanes.ts";

const MAX_ROWS = 8;
const MAX_COLUMNS = 10;
/** Products written out one after the other, beyond which blocks are smaller. */
const MAX_PRODUCTS = 1280;
/** Lanes of a GPU. */
const MANY_LANES = 32;
/** Products in all from which a software adapter gains from textures what their code takes to compile. */
const WORTH_TEXTURES = 2 ** 22;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** How a gathering is cut into blocks and read. */
export interface GatherForm {
  /** Cells of a block. */
  readonly rows: number;
  /** Channels of a block. */
  readonly columns: number;
  /** How many channels of the source are read at once, 1 or 4. */
  readonly unroll: 1 | 4;
  /** Whether the filter is read four weights at once. */
  readonly vectorWeights: boolean;
  /** How the source is read. */
  readonly source: Reading;
  /** Whether the filter is a texture; then it is read by fours. */
  readonly filterTexture: boolean;
  /** Channels of the source as it is read, with zeros behind those that it has. */
  readonly inner: number;
  /** The last two axes of the filter as it is read, the last one in the same way. */
  readonly filterChannels: readonly [number, number];
  /** Stretches of `rows` cells in all images. */
  readonly stretches: number;
  /** Workgroups. */
  readonly blocks: number;
}

/** Cuts a gathering into blocks. */
export function gatherForm(g: Gathering): GatherForm {
  const { outer, height, width } = g;
  const forward = g.direction === "forward";
  const worth = worthTextures(productsOf(g), WORTH_TEXTURES);
  const source = readingOf(g.inner, g.batchSize * height.source * width.source, worth);
  const inner = channelsRead(g.inner, source);
  // The filter's last axis is that of the outer channels, in the gradient of the inner ones.
  const filter = forward ? readingOf(outer, 1, worth) : source;
  const filterTexture = filter === "fours";
  const padded = forward ? channelsRead(outer, filter) : outer;
  // A GPU reads four values as fast as one. A software adapter reads them one by one all the same
  // unless from a texture, and would compile four times the code.
  const unroll = (lanes() >= MANY_LANES || source === "fours") && inner % 4 === 0 ? 4 : 1;
  const columns = columnsOf(padded, filterTexture);
  const perRow = Math.floor(MAX_PRODUCTS / (columns * unroll * tapsOf(width)));
  const rows = evenParts(width.cells, Math.max(1, Math.min(MAX_ROWS, perRow)));
  const stretches = g.batchSize * height.cells * Math.ceil(width.cells / rows);
  return {
    rows,
    columns,
    unroll,
    vectorWeights: forward ? columns % 4 === 0 && padded % 4 === 0 : unroll === 4,
    source,
    filterTexture,
    inner,
    filterChannels: forward ? [g.inner, padded] : [outer, inner],
    stretches,
    blocks: Math.ceil(outer / columns) * phasesOf(g) * Math.ceil(stretches / lanes()),
  };
}

/** Channels of a block, of `outer`; of a texture a multiple of four. */
function columnsOf(outer: number, texture: boolean): number {
  const wanted = texture ? [8, 12, 4] : [8, 4];
  return wanted.find((columns) => outer % columns === 0) ?? evenParts(outer, MAX_COLUMNS);
}

/** Products of all cells, whether a pixel is there or not. */
function productsOf({ batchSize, inner, outer, height, width }: Gathering): number {
  const cells = batchSize * height.cells * width.cells * height.phases * width.phases;
  return cells * inner * outer * tapsOf(height) * tapsOf(width);
}

/** Whether a gathering reads anything through textures. */
export function readsTextures({ source, filterTexture }: GatherForm): boolean {
  return source !== "numbers" || filterTexture;
}

/**
 * `main` of a gathering from `x` with the filter `F`; `uniforms.stretches` is the form's. Its argument is
 * the workgroup's number where these are textures.
 */
export function gatherCode(g: Gathering, form: GatherForm, epilogue: Epilogue): string {
  const { rows, columns, inner } = form;
  const { outer, height, width } = g;
  const forward = g.direction === "forward";
  const byBlock = readsTextures(form);
  const across = Math.ceil(outer / columns);
  const perRow = Math.ceil(width.cells / rows);
  const window = windowOf(g, rows);
  const last = tapsOf(width) - 1;
  const row = forward ? "h + th" : "h - th";
  const [firstH, firstW] = forward ? ["", ""] : [" + firstH", " + firstW"];
  const exists = (i: number) =>
    [
      ...(width.cells % rows === 0 ? [] : [`r + ${i} < ${width.cells}`]),
      ...(hangsOver(width) ? [`(r + ${i}) * ${width.phases} + firstW < ${width.target}`] : []),
    ].join(" && ") || "true";
  const store = (i: number, j: number) =>
    `${outer % columns === 0 ? "" : `if (first + ${j} < ${outer}) `}{ ` +
    `result[out + o${j}] = ${finished(`s${i}_${j}`, `o${j}`, epilogue)}; }`;
  return `
  ${RECTIFY}
  fn main(${byBlock ? "block : i32" : "index : i32"}) {
    ${byBlock ? "" : `let block = ${BLOCK};`}
    let phase = block / ${across} % ${phasesOf(g)};
    ${phaseCode(g)}
    let first = block % ${across} * ${columns};
    ${range(columns).map((j) => `let o${j} = min(first + ${j}, ${outer - 1});`).join(" ")}
    let stretch = block / ${across * phasesOf(g)} * ${lanes()} + i32(localId.x);
    let place = min(stretch, uniforms.stretches - 1);
    let r = place % ${perRow} * ${rows};
    let q = place / ${perRow} % ${height.cells};
    let image = place / ${perRow * height.cells};
    let h = q * ${height.step} + originH;
    let w = r * ${width.step} + originW${forward ? "" : ` - ${last}`};
    ${
    window.map((v) => `let column${v} = w + ${v} >= 0 && w + ${v} < ${width.source};`)
      .join("\n    ")
  }
    ${
    range(rows).map((i) => range(columns).map((j) => `var s${i}_${j} = 0.0;`).join(" ")).join(" ")
  }
    for (var th = 0; ${place("H", "th", height, forward)} < ${height.filter}; th++) {
      let kh = ${place("H", "th", height, forward)};
      let isRow = ${row} >= 0 && ${row} < ${height.source};
      let at = ((image * ${height.source} + ${row}) * ${width.source} + w) * ${inner};
      ${window.map((v) => `let in${v} = isRow && column${v};`).join(" ")}
      for (var c = 0; c < ${inner}; c += ${form.unroll}) {
        ${turn(g, form, window)}
      }
    }
    let y = q * ${height.phases}${firstH};
    if (stretch >= uniforms.stretches || y >= ${height.target}) { return; }
    ${
    range(rows).map((i) =>
      `if (${exists(i)}) {
      let z = (r + ${i}) * ${width.phases}${firstW};
      let out = ((image * ${height.target} + y) * ${width.target} + z) * ${outer};
      ${range(columns).map((j) => store(i, j)).join("\n      ")}
    }`
    ).join("\n    ")
  }
  }`;
}

/** The place of the filter that tap `t` is, along axis `name`. */
function place(name: "H" | "W", t: string, { phases }: Axis, forward: boolean): string {
  return forward ? t : `(phase${name} + ${t} * ${phases})`;
}

/** Which pixel of the stretch cell `i` meets at tap `u` of a row. */
function pixelAt(g: Gathering, i: number, u: number): number {
  return g.direction === "forward" ? i * g.width.step + u : i - u + tapsOf(g.width) - 1;
}

/** The pixels of the stretch that some cell meets. */
function windowOf(g: Gathering, rows: number): number[] {
  const taps = range(tapsOf(g.width));
  return [...new Set(range(rows).flatMap((i) => taps.map((u) => pixelAt(g, i, u))))]
    .sort((a, b) => a - b);
}

/** What is done for `unroll` channels of the source and one row of the filter. */
function turn(g: Gathering, form: GatherForm, window: readonly number[]): string {
  const { rows, columns, unroll, vectorWeights, source, filterTexture, inner } = form;
  const { width } = g;
  const four = (name: "x" | "F", at: string) =>
    (name === "x" ? source === "fours" : filterTexture)
      ? texel(name, `(${at}) >> 2u`)
      : `${name}[(${at}) >> 2u]`;
  const [depth, across] = form.filterChannels;
  // Behind its channels the source is zero; these meet the last row of the filter again.
  const row = (k: number) => inner > depth ? `min(c + ${k}, ${depth - 1})` : `(c + ${k})`;
  const forward = g.direction === "forward";
  const I = range(rows);
  const J = range(columns);
  const taps = range(tapsOf(width));
  const vector = unroll === 4;
  const stretches = source === "stretches";
  const [left, right] = [window[0]!, window.at(-1)!];
  const load = (v: number) => {
    if (stretches) return `let x${v} = select(0.0, row${v - left}, in${v});`;
    const at = `max(at + ${v * inner} + c, 0)`;
    return vector
      ? `let x${v} = select(vec4<f32>(0.0), ${four("x", at)}, in${v});`
      : `let x${v} = select(0.0, x[${at}], in${v});`;
  };
  // The weight of summand `k` and column `j`, after `weights` has loaded it.
  const weight = (k: number, j: number) => {
    if (!vectorWeights) return `f${k}_${j}`;
    return forward ? `f${k}_${j >> 2}[${j & 3}]` : `f${j}[${k}]`;
  };
  const weights = (u: number) => {
    const tap = `(kh * ${width.filter} + ${place("W", `${u}`, width, forward)}) * ${
      depth * across
    }`;
    const summands = range(unroll);
    if (!vectorWeights) {
      return summands.flatMap((k) =>
        J.map((j) => {
          const at = forward ? `${row(k)} * ${across} + o${j}` : `o${j} * ${across} + c + ${k}`;
          return `let f${k}_${j} = F[${tap} + ${at}];`;
        })
      ).join(" ");
    }
    return forward
      ? summands.flatMap((k) =>
        range(columns / 4).map((q) =>
          `let f${k}_${q} = ${four("F", `${tap} + ${row(k)} * ${across} + first + ${4 * q}`)};`
        )
      ).join(" ")
      : J.map((j) => `let f${j} = ${four("F", `${tap} + o${j} * ${across} + c`)};`).join(" ");
  };
  const sums = (u: number) =>
    range(unroll).flatMap((k) =>
      I.map((i) => {
        const pixel = `x${pixelAt(g, i, u)}${vector ? `[${k}]` : ""}`;
        return J.map((j) => `s${i}_${j} = fma(${pixel}, ${weight(k, j)}, s${i}_${j});`).join(" ");
      })
    ).join("\n          ");
  // Some phases meet one place of the filter less.
  const isThere = (u: number) =>
    width.filter % width.phases === 0 || u < taps.length - 1
      ? ""
      : `if (${place("W", `${u}`, width, forward)} < ${width.filter}) `;
  return [
    ...(stretches ? [texelWindow("x", `at + ${left}`, right - left + 1, "row")] : []),
    ...window.map(load),
    ...taps.map((u) =>
      `${isThere(u)}{
          ${weights(u)}
          ${sums(u)}
        }`
    ),
  ].join("\n        ");
}
