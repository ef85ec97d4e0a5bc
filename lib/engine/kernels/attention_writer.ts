/**
 * The form that the kernels of attention share.
 *
 * An invocation owns a few rows of one head, its queries or its keys, in named scalars, and walks
 * over the rows of the other side: what it loads of one of them serves all rows that it owns.
 *
 * Loads decide the speed on a software adapter: for the eight lanes of a vector one costs as much as
 * fifty multiplications, whether they load one value or eight. So an invocation owns as many rows as
 * its scalars can hold, and lanes take rows of any head and sequence, so that none is idle. On a
 * GPU, with one row each, neighbours have neighbouring rows of one head and share what they load.
 *
 * Such an adapter compiles every load and store in the code to a loop over lanes, and hundreds of
 * them take it many seconds. So for it rows are loaded and stored in loops, which it does not unroll
 * because their end is a uniform, and values find their scalars by selection.
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
  /** The kernel. */
  readonly shader: Shader;
  /** Values of its uniforms. */
  readonly uniforms: readonly number[];
  /** Workgroups. */
  readonly blocks: number;
}

/** What tells one kernel from the others. */
export interface AttentionKernel {
  /** Names it in the shader's key. */
  readonly name: string;
  /** The rows that an invocation holds for each that it owns, by their names; first all 0. */
  readonly holds: readonly string[];
  /** Scalars that it holds as well, with their first values. @default none */
  readonly scalars?: Readonly<Record<string, string>>;
  /** Types of the inputs, given that of an element. */
  readonly inputs: (type: string) => Shader["inputs"];
  /** Types of the outputs. */
  readonly outputs: (type: string) => Shader["outputs"];
  /**
   * The code. `packed` and `joined` are where the head's first row is in the packed projection and
   * in the output, `first` where its scalars are, and `TOKENS`, `STRIDE`, `WIDTH`, `SCALE` and
   * `SCALE_2` are constants.
   */
  readonly body: (writer: AttentionWriter) => string;
}

/** What a body is written with. The row `q` of the 4th row owned is `q3_0`, `q3_1`, …. */
export interface AttentionWriter {
  /** Type of an element, `f32` or `vec4<f32>`. */
  readonly type: string;
  /** `code` for each element of a row. */
  readonly elements: (code: (element: number) => string) => string;
  /** `code` for each row that the invocation owns. */
  readonly rows: (code: (row: number) => string) => string;
  /** A loop over those rows, `row` in the sequence. */
  readonly forRows: (code: string) => string;
  /** In that loop: moves the rows `q_0, q_1, …` and scalars `sum` into what is held. */
  readonly put: (rows: readonly string[], scalars?: readonly string[]) => string;
  /** In that loop: the way back, into variables declared here. */
  readonly take: (rows: readonly string[], scalars?: readonly string[]) => string;
  /** Loads a row from `BUFFER[AT]` on into `q_0, q_1, …`, declared here. */
  readonly load: (name: string, buffer: string, at: string) => string;
  /** Stores such a row. */
  readonly store: (name: string, buffer: string, at: string) => string;
  /** The product of two rows by their names, an expression. */
  readonly dot: (a: string, b: string) => string;
}

/** Floats that an invocation holds on a software adapter; with more, compiling takes too long. */
const HELD = 1024;
/** The most rows that it owns, for the same reason. */
const MAX_ROWS = 32;
/** Invocations in a workgroup of a software adapter. */
const SOFTWARE_LANES = 8;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const lines = (parts: readonly string[]) => parts.join("\n      ");

/** Chooses how many rows an invocation owns, and writes what all kernels have in common. */
export function writeAttention(kernel: AttentionKernel, sizes: AttentionSizes): AttentionShader {
  const { name, holds, scalars = {}, inputs, outputs, body } = kernel;
  const { batch, tokens, heads, dim, scale } = sizes;
  const [type, components] = dim % 4 === 0 ? ["vec4<f32>", 4] as const : ["f32", 1] as const;
  const perRow = dim / components;
  const fitting = Math.floor(HELD / (holds.length * dim));
  const software = lanes() <= SOFTWARE_LANES;
  const most = software ? Math.max(1, Math.min(fitting, MAX_ROWS)) : 1;
  const groups = Math.ceil(tokens / most);
  const owned = Math.ceil(tokens / groups);
  const writer = makeWriter(perRow, type, owned, software);
  const shader: Shader = {
    key: ["attention", name, tokens, heads, dim, scale, owned].join("_"),
    inputs: inputs(type),
    outputs: outputs(type),
    uniforms: ["invocations", "elements"],
    code: `
    const TOKENS = ${tokens};
    const GROUPS = ${groups};
    // Elements of a row in one head, in the output, in the packed projection.
    const HEAD = ${perRow};
    const WIDTH = ${heads * perRow};
    const STRIDE = ${3 * heads * perRow};
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
      ${
      writer.rows((i) =>
        lines([
          ...holds.map((row) => writer.elements((e) => `var ${row}${i}_${e} = ${type}(0.0);`)),
          ...Object.entries(scalars).map(([scalar, value]) => `var ${scalar}${i} = ${value};`),
        ])
      )
    }
      ${body(writer)}
    }`,
  };
  const invocations = batch * heads * groups;
  return { shader, uniforms: [invocations, perRow], blocks: Math.ceil(invocations / lanes()) };
}

function makeWriter(
  perRow: number,
  type: string,
  owned: number,
  software: boolean,
): AttentionWriter {
  const elements = range(perRow);
  const own = range(owned);
  /** Everything named, as its name and what follows the number of the row in it. */
  const parts = (rows: readonly string[], scalars: readonly string[]) => [
    ...rows.flatMap((name) => elements.map((e) => [name, `_${e}`] as const)),
    ...scalars.map((name) => [name, ""] as const),
  ];
  return {
    type,
    elements: (code) => elements.map(code).join(" "),
    rows: (code) => lines(own.map(code)),
    forRows: (code) =>
      `for (var row = group; row < TOKENS; row += GROUPS) {
        let turn = row / GROUPS;
        ${code}
      }`,
    put: (rows, scalars = []) =>
      lines(
        parts(rows, scalars).map(([name, rest]) =>
          own.map((i) => {
            const held = `${name}${i}${rest}`;
            return `${held} = select(${held}, ${name}${rest}, turn == ${i});`;
          }).join(" ")
        ),
      ),
    take: (rows, scalars = []) =>
      lines(
        parts(rows, scalars).map(([name, rest]) => {
          const found = own.slice(1).map((i) =>
            `${name}${rest} = select(${name}${rest}, ${name}${i}${rest}, turn == ${i});`
          );
          return `var ${name}${rest} = ${name}0${rest}; ${found.join(" ")}`;
        }),
      ),
    ...(software ? rolled(elements, type) : unrolled(elements)),
    dot: (a, b) => {
      const sums = elements.slice(1).reduce(
        (sum, e) => `fma(${a}_${e}, ${b}_${e}, ${sum})`,
        `${a}_0 * ${b}_0`,
      );
      return type === "f32" ? sums : `dot(${sums}, vec4<f32>(1.0))`;
    },
  };
}

type Transfers = Pick<AttentionWriter, "load" | "store">;

function unrolled(elements: readonly number[]): Transfers {
  return {
    load: (name, buffer, at) =>
      elements.map((e) => `var ${name}_${e} = ${buffer}[${at} + ${e}];`).join(" "),
    store: (name, buffer, at) =>
      elements.map((e) => `${buffer}[${at} + ${e}] = ${name}_${e};`).join(" "),
  };
}

function rolled(elements: readonly number[], type: string): Transfers {
  return {
    load: (name, buffer, at) => {
      const found = elements.map((e) => `${name}_${e} = select(${name}_${e}, loaded, e == ${e});`);
      return `${elements.map((e) => `var ${name}_${e} = ${type}(0.0);`).join(" ")}
        for (var e = 0; e < uniforms.elements; e++) {
          let loaded = ${buffer}[${at} + e];
          ${found.join(" ")}
        }`;
    },
    store: (name, buffer, at) => {
      const found = elements.slice(1).map((e) =>
        `stored = select(stored, ${name}_${e}, e == ${e});`
      );
      return `for (var e = 0; e < uniforms.elements; e++) {
          var stored = ${name}_0;
          ${found.join(" ")}
          ${buffer}[${at} + e] = stored;
        }`;
    },
  };
}
