/**
 * The code of scaled dot-product attention, forward and backward.
 *
 * All three kernels have one form. An invocation owns a few rows of one head, its queries or its
 * keys, in named scalars, and walks over the rows of the other side: what it loads of one of them
 * serves all rows that it owns, and the matrix of probabilities is never stored. The softmax is
 * computed on the way from a running maximum (Milakov and Gimelshein 2018,
 * <https://arxiv.org/abs/1805.02867>), and backward again from its log-sum-exp (Dao et al. 2022,
 * <https://arxiv.org/abs/2205.14135>).
 *
 * Loads decide the speed on a software adapter: for the eight lanes of a vector one costs as much as
 * fifty multiplications, whether they load one value or eight. So an invocation owns as many rows as
 * its scalars can hold, and lanes take rows of any head and sequence, so that none is idle. On a
 * GPU, with one row each, neighbours have neighbouring rows of one head and share what they load.
 *
 * @module
 */

import { lanes } from "./lanes.ts";
import type { Shader } from "./several.ts";

/** Sizes of an attention. */
export interface AttentionSizes {
  /** Sequences. */
  readonly batch: number;
  /** Rows of each. */
  readonly tokens: number;
  /** Parts into which rows are cut, each with a softmax of its own. */
  readonly heads: number;
  /** Values of a row in one head. */
  readonly dim: number;
  /** What the products of queries and keys are multiplied by. */
  readonly scale: number;
}

/** A kernel and its extent. */
export interface AttentionShader {
  /** The kernel; its one uniform is the number of invocations. */
  readonly shader: Shader;
  /** Invocations. */
  readonly invocations: number;
}

/** Floats that an invocation holds on a software adapter; with more, compiling takes too long. */
const STATE = 1280;
/** The most rows that an invocation owns, for the same reason. */
const MAX_ROWS = 64;
/** Invocations in a workgroup of a software adapter. */
const SOFTWARE_LANES = 8;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** What the body of a kernel is written with. */
interface Writer {
  /** Type of an element, `f32` or `vec4<f32>`. */
  readonly type: string;
  /** `code` for each row that the invocation owns. */
  readonly rows: (code: (row: number) => string) => string;
  /** The same, leaving out those past the last row of the sequence. */
  readonly realRows: (code: (row: number) => string) => string;
  /** `code` for each element of a row in one head. */
  readonly elements: (code: (element: number) => string) => string;
  /** Loads a row: `let NAME0 = BUFFER[AT]; …`. */
  readonly load: (name: string, buffer: string, at: string) => string;
  /** The product of two rows by their names, an expression. */
  readonly dot: (a: string, b: string) => string;
}

/** What makes a kernel out of the common form. */
interface Kernel {
  readonly name: string;
  /** How many values an invocation holds for each value of a row that it owns. */
  readonly held: number;
  readonly inputs: (type: string) => Shader["inputs"];
  readonly outputs: (type: string) => Shader["outputs"];
  readonly body: (writer: Writer) => string;
}

/** Chooses how many rows an invocation owns, and writes what all kernels have in common. */
function write({ name, held, inputs, outputs, body }: Kernel, sizes: AttentionSizes) {
  const { batch, tokens, heads, dim, scale } = sizes;
  const components = dim % 4 === 0 ? 4 : 1;
  const type = components === 4 ? "vec4<f32>" : "f32";
  const elements = range(dim / components);
  const fitting = Math.floor(STATE / (held * dim));
  const limit = lanes() > SOFTWARE_LANES ? 1 : Math.max(1, Math.min(fitting, MAX_ROWS));
  const groups = Math.ceil(tokens / limit);
  const owned = range(Math.ceil(tokens / groups));
  const lines = (parts: string[]) => parts.join("\n      ");
  const writer: Writer = {
    type,
    rows: (code) => lines(owned.map((i) => code(i))),
    realRows: (code) =>
      lines(owned.map((i) => {
        const all = (i + 1) * groups <= tokens;
        return `${all ? "" : `if (row${i} < TOKENS) `}{ ${code(i)} }`;
      })),
    elements: (code) => elements.map((e) => code(e)).join(" "),
    load: (name, buffer, at) =>
      elements.map((e) => `let ${name}${e} = ${buffer}[${at} + ${e}];`).join(" "),
    dot: (a, b) => {
      const sums = elements.slice(1).reduce(
        (sum, e) => `fma(${a}${e}, ${b}${e}, ${sum})`,
        `${a}0 * ${b}0`,
      );
      return components === 4 ? `dot(${sums}, vec4<f32>(1.0))` : sums;
    },
  };
  const shader: Shader = {
    key: ["attention", name, tokens, heads, dim, scale, owned.length].join("_"),
    inputs: inputs(type),
    outputs: outputs(type),
    uniforms: ["invocations"],
    code: `
    const TOKENS = ${tokens};
    const GROUPS = ${groups};
    // Elements of a row: in one head, in the output, in the packed projection.
    const HEAD = ${elements.length};
    const WIDTH = ${heads * elements.length};
    const STRIDE = ${3 * heads * elements.length};
    const SCALE = f32(${scale});
    // Exponentials are to base 2, in which adapters compute them.
    const SCALE_2 = f32(${scale * Math.LOG2E});

    fn main(block : i32) {
      let index = block * ${lanes()} + i32(localId.x);
      if (index >= uniforms.invocations) { return; }
      let group = index % GROUPS;
      let part = index / GROUPS;
      let head = part % ${heads};
      let sequence = part / ${heads};
      let packed = sequence * TOKENS * STRIDE + head * HEAD;
      let joined = sequence * TOKENS * WIDTH + head * HEAD;
      let first = part * TOKENS;
      ${owned.map((i) => `let row${i} = group + ${i * groups};`).join(" ")}
      ${owned.map((i) => `let own${i} = min(row${i}, TOKENS - 1);`).join(" ")}
      ${body(writer)}
    }`,
  };
  return { shader, invocations: batch * heads * groups };
}

/**
 * `o = softmax(scale · q kᵀ) v` and, for the backward pass, the log-sum-exp of each row of
 * `scale · q kᵀ`, to base 2. An invocation owns queries.
 *
 * Reads `qkv`, `(N, T, 3·H·D)`; writes `o`, `(N, T, H·D)`, and `lse`, `(N, H, T)`.
 */
export function attentionCode(sizes: AttentionSizes): AttentionShader {
  return write({
    name: "forward",
    held: 2,
    inputs: (type) => ({ qkv: type }),
    outputs: (type) => ({ o: type, lse: "f32" }),
    body: ({ type, rows, realRows, elements, load, dot }) => `
      ${
      rows((i) => `
      let queries${i} = packed + own${i} * STRIDE;
      ${elements((e) => `let q${i}_${e} = qkv[queries${i} + ${e}] * SCALE_2;`)}
      ${elements((e) => `var o${i}_${e} = ${type}(0.0);`)}
      var largest${i} = -3.4e38;
      var sum${i} = 0.0;`)
    }
      for (var token = 0; token < TOKENS; token++) {
        let keys = packed + token * STRIDE + WIDTH;
        ${load("k", "qkv", "keys")}
        ${load("v", "qkv", "keys + WIDTH")}
        ${
      // Of the two factors, by which the sums shrink and with which this key enters, one is 1.
      rows((i) =>
        `{
          let s = ${dot(`q${i}_`, "k")};
          let isLarger = s > largest${i};
          let ratio = exp2(-abs(s - largest${i}));
          let shrink = select(1.0, ratio, isLarger);
          let p = select(ratio, 1.0, isLarger);
          largest${i} = select(largest${i}, s, isLarger);
          sum${i} = fma(sum${i}, shrink, p);
          ${elements((e) => `o${i}_${e} = fma(${type}(p), v${e}, o${i}_${e} * shrink);`)}
        }`
      )}
      }
      ${
      realRows((i) => `
        lse[first + row${i}] = largest${i} + log2(sum${i});
        let to = joined + row${i} * WIDTH;
        ${elements((e) => `o[to + ${e}] = o${i}_${e} / sum${i};`)}`)
    }`,
  }, sizes);
}

/**
 * The gradient of the queries, and the products `δ = do · o` of each row. An invocation owns queries.
 *
 * With `p = exp(scale · q kᵀ − lse)` and `ds = p (do vᵀ − δ)`: `dq = scale · ds k`.
 *
 * Reads `qkv`, `o`, `g` (`do`, of the shape of `o`) and `lse`; writes the first third of each row of
 * `dqkv`, and `delta`, `(N, H, T)`.
 */
export function queryGradientCode(sizes: AttentionSizes): AttentionShader {
  return write({
    name: "queries",
    held: 3,
    inputs: (type) => ({ qkv: type, o: type, g: type, lse: "f32" }),
    outputs: (type) => ({ dqkv: type, delta: "f32" }),
    body: ({ type, rows, realRows, elements, load, dot }) => `
      ${
      rows((i) => `
      let queries${i} = packed + own${i} * STRIDE;
      let outputs${i} = joined + own${i} * WIDTH;
      ${elements((e) => `let q${i}_${e} = qkv[queries${i} + ${e}] * SCALE_2;`)}
      ${load(`g${i}_`, "g", `outputs${i}`)}
      ${load(`o${i}_`, "o", `outputs${i}`)}
      ${elements((e) => `var dq${i}_${e} = ${type}(0.0);`)}
      let delta${i} = ${dot(`g${i}_`, `o${i}_`)};
      let lse${i} = lse[first + own${i}];`)
    }
      for (var token = 0; token < TOKENS; token++) {
        let keys = packed + token * STRIDE + WIDTH;
        ${load("k", "qkv", "keys")}
        ${load("v", "qkv", "keys + WIDTH")}
        ${
      rows((i) =>
        `{
          let p = exp2(${dot(`q${i}_`, "k")} - lse${i});
          let ds = ${type}(p * (${dot(`g${i}_`, "v")} - delta${i}));
          ${elements((e) => `dq${i}_${e} = fma(ds, k${e}, dq${i}_${e});`)}
        }`
      )
    }
      }
      ${
      realRows((i) => `
        delta[first + row${i}] = delta${i};
        ${elements((e) => `dqkv[queries${i} + ${e}] = dq${i}_${e} * SCALE;`)}`)
    }`,
  }, sizes);
}

/**
 * The gradients of keys and values. An invocation owns keys and their values.
 *
 * With `p` and `ds` as in {@link queryGradientCode}: `dk = scale · dsᵀ q`, `dv = pᵀ do`.
 *
 * Reads `qkv`, `g`, `lse` and `delta`; writes the other two thirds of each row of `dqkv`.
 */
export function keyGradientCode(sizes: AttentionSizes): AttentionShader {
  return write({
    name: "keys",
    held: 4,
    inputs: (type) => ({ qkv: type, g: type, lse: "f32", delta: "f32" }),
    outputs: (type) => ({ dqkv: type }),
    body: ({ type, rows, realRows, elements, load, dot }) => `
      ${
      rows((i) => `
      let keys${i} = packed + own${i} * STRIDE + WIDTH;
      ${elements((e) => `let k${i}_${e} = qkv[keys${i} + ${e}] * SCALE_2;`)}
      ${load(`v${i}_`, "qkv", `keys${i} + WIDTH`)}
      ${elements((e) => `var dk${i}_${e} = ${type}(0.0); var dv${i}_${e} = ${type}(0.0);`)}`)
    }
      for (var token = 0; token < TOKENS; token++) {
        let queries = packed + token * STRIDE;
        let outputs = joined + token * WIDTH;
        ${load("q", "qkv", "queries")}
        ${load("g", "g", "outputs")}
        let lseOfRow = lse[first + token];
        let deltaOfRow = delta[first + token];
        ${
      rows((i) =>
        `{
          let p = exp2(${dot(`k${i}_`, "q")} - lseOfRow);
          let ds = ${type}(p * (${dot(`v${i}_`, "g")} - deltaOfRow));
          ${elements((e) => `dk${i}_${e} = fma(ds, q${e}, dk${i}_${e});`)}
          ${elements((e) => `dv${i}_${e} = fma(${type}(p), g${e}, dv${i}_${e});`)}
        }`
      )
    }
      }
      ${
      realRows((i) => `
        ${elements((e) => `dqkv[keys${i} + ${e}] = dk${i}_${e} * SCALE;`)}
        ${elements((e) => `dqkv[keys${i} + WIDTH + ${e}] = dv${i}_${e};`)}`)
    }`,
  }, sizes);
}
