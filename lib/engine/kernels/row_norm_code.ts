/**
 * The code that normalises rows, and its gradient.
 *
 * A row is what shares one mean and one variance: a token, an image, or a group of channels of an
 * image. One or more invocations work on a row, each on every so many-th of its elements, and add up
 * what they found in workgroup memory. An invocation with few enough elements keeps them in named
 * values; else it loads them again for each pass.
 *
 * @module
 */

import type { Shader } from "./several.ts";

/** Sizes that are written into the code. */
export interface RowForm {
  /** Pixels of an image; a token is an image of one pixel. */
  readonly pixels: number;
  /** Channels of a pixel. */
  readonly channels: number;
  /** Groups of channels, each of which is a row. */
  readonly groups: number;
  /** Added to the variance. */
  readonly eps: number;
  /**
   * What multiplies a normalised value beside what is added: nothing and nothing, `weight`, or
   * `1 + weight`.
   */
  readonly scaling: "none" | "weight" | "one-plus";
}

/** How the work is laid out. */
export interface RowLayout {
  /** Invocations of a workgroup. */
  readonly width: number;
  /** Invocations that work on one row: a power of two that divides `width`. */
  readonly perRow: number;
}

/** Elements of an invocation up to which they are kept in named values. */
const MAX_HELD = 32;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** How a shader sees its tensors: four channels together where a group's number allows it. */
export function elementsOf({ pixels, channels, groups }: RowForm) {
  const components = channels / groups % 4 === 0 ? 4 : 1;
  const perPixel = channels / components;
  const perGroup = perPixel / groups;
  return {
    type: components === 4 ? "vec4<f32>" : "f32",
    perPixel,
    perGroup,
    /** Elements of a row. */
    perRow: pixels * perGroup,
    /** Numbers of a row. */
    numbers: pixels * channels / groups,
  } as const;
}

/** Names `form` and `layout` in a shader's key. */
export function rowKey(form: RowForm, { width, perRow }: RowLayout): string {
  const { pixels, channels, groups, eps, scaling } = form;
  return `${pixels}_${channels}_${groups}_${eps}_${scaling}_${width}_${perRow}`;
}

/** The sum of `value` over the invocations of a row, in WGSL: `total(value)`. */
function totalCode(type: "f32" | "vec2<f32>", { width, perRow }: RowLayout): string {
  if (perRow === 1) return `fn total(value : ${type}, lane : i32) -> ${type} { return value; }`;
  const halves = range(Math.log2(perRow)).map((k) => perRow >> (k + 1));
  return `
  var<workgroup> sums : array<${type}, ${width}>;
  fn total(value : ${type}, lane : i32) -> ${type} {
    workgroupBarrier();
    sums[lane] = value;
    workgroupBarrier();
    ${
    halves.map((half) =>
      `if (lane % ${perRow} < ${half}) { sums[lane] += sums[lane + ${half}]; }
    workgroupBarrier();`
    ).join("\n    ")
  }
    return sums[lane - lane % ${perRow}];
  }`;
}

/** What forward and backward pass share: where an invocation stands, and walking over its elements. */
function walker(form: RowForm, layout: RowLayout) {
  const { width, perRow } = layout;
  const { type, perPixel, perGroup, perRow: elements } = elementsOf(form);
  const { pixels, groups, scaling } = form;
  const rowsAtOnce = width / perRow;
  const steps = Math.ceil(elements / perRow);
  const contiguous = groups === 1 || pixels === 1;
  const at = (e: string) =>
    contiguous ? `first + ${e}` : `first + ${e} / ${perGroup} * ${perPixel} + ${e} % ${perGroup}`;
  const column = (e: string) => `firstColumn + ${pixels === 1 ? e : `${e} % ${perGroup}`}`;
  return {
    type,
    held: steps <= MAX_HELD,
    /** Sets `lane`, `part`, `row`, `first` and `firstColumn`. */
    begin: `
      let lane = i32(localId.x);
      let part = ${perRow === 1 ? "0" : perRow === width ? "lane" : `lane % ${perRow}`};
      let ownRow = ${
      rowsAtOnce === 1
        ? "block"
        : `block * ${rowsAtOnce} + ${perRow === 1 ? "lane" : `lane / ${perRow}`}`
    };
      let isRow = ownRow < uniforms.rows;
      ${perRow === 1 ? "if (!isRow) { return; }" : ""}
      let row = min(ownRow, uniforms.rows - 1);
      let image = row / ${groups};
      let first = image * ${pixels * perPixel} + row % ${groups} * ${perGroup};
      ${
      scaling === "none"
        ? ""
        : `let firstColumn = image / uniforms.sharing * ${perPixel} + row % ${groups} * ${perGroup};`
    }`,
    /** `code` for each element that the invocation keeps, with its number. */
    each: (code: (k: number, at: string, column: string, exists: string) => string) =>
      range(steps).map((k) => {
        const e = perRow === 1 ? `${k}` : `(${k * perRow} + part)`;
        const exists = (k + 1) * perRow <= elements ? "" : `${e} < ${elements}`;
        return code(k, at(e), column(e), exists);
      }).join("\n      "),
    /** A loop with `code` for each element. */
    loop: (code: (at: string, column: string) => string) => `
      for (var e = part; e < ${elements}; e += ${perRow}) { ${code(at("e"), column("e"))} }`,
  };
}

const sumOf = (type: string) =>
  `fn sumOf(v : ${type}) -> f32 { return ${type === "f32" ? "v" : "(v.x + v.y) + (v.z + v.w)"}; }`;

/** `y` and the mean and `1/√(variance + eps)` of each row in `statistics`. */
export function forwardShader(form: RowForm, layout: RowLayout): Shader {
  const { type, held, begin, each, loop } = walker(form, layout);
  const { numbers } = elementsOf(form);
  const scaled = form.scaling !== "none";
  const store = (at: string, column: string, centred: string) => {
    const normal = `(${centred}) * rstd`;
    const factor = form.scaling === "one-plus" ? `(1.0 + weight[${column}])` : `weight[${column}]`;
    return `y[${at}] = ${scaled ? `${normal} * ${factor} + bias[${column}]` : normal};`;
  };
  return {
    key: `row_norm_${rowKey(form, layout)}`,
    inputs: { x: type, ...(scaled && { weight: type, bias: type }) },
    outputs: { y: type, statistics: "vec2<f32>" },
    uniforms: ["rows", ...(scaled ? ["sharing"] : [])],
    lanes: layout.width,
    code: `
    ${sumOf(type)}
    ${totalCode("f32", layout)}
    fn main(block : i32) {
      ${begin}
      ${
      held
        ? each((k, at, _, exists) =>
          `let x${k} = ${exists ? `select(${type}(0.0), x[${at}], ${exists})` : `x[${at}]`};`
        )
        : `var sum = ${type}(0.0); ${loop((at) => `sum += x[${at}];`)}`
    }
      let mean = total(sumOf(${held ? joined(each, (k) => `x${k}`) : "sum"}), lane) / ${numbers}.0;
      ${
      held
        ? each((k, _at, _column, exists) =>
          `let d${k} = ${
            exists ? `select(${type}(0.0), x${k} - mean, ${exists})` : `x${k} - mean`
          };`
        )
        : `var squares = ${type}(0.0);
      ${loop((at) => `let d = x[${at}] - mean; squares += d * d;`)}`
    }
      let variance = total(sumOf(${
      held ? joined(each, (k) => `d${k} * d${k}`) : "squares"
    }), lane) / ${numbers}.0;
      let rstd = 1.0 / sqrt(variance + ${form.eps});
      ${layout.perRow > 1 ? "if (!isRow) { return; }" : ""}
      if (part == 0) { statistics[row] = vec2<f32>(mean, rstd); }
      ${
      held
        ? each((k, at, column, exists) => guarded(exists, store(at, column, `d${k}`)))
        : loop((at, column) => store(at, column, `x[${at}] - mean`))
    }
    }`,
  };
}

type Each = ReturnType<typeof walker>["each"];

function joined(each: Each, term: (k: number) => string): string {
  const terms: string[] = [];
  each((k) => `${terms.push(term(k))}`);
  return terms.join(" + ");
}

const guarded = (exists: string, statement: string) =>
  exists ? `if (${exists}) { ${statement} }` : statement;

/** The function `inputGradient(block)`, which writes `dx` from `dy`, `x` and `statistics`. */
export function inputGradientCode(form: RowForm, layout: RowLayout): string {
  const { type, held, begin, each, loop } = walker(form, layout);
  const { numbers } = elementsOf(form);
  const upstream = (at: string, column: string) =>
    form.scaling === "none"
      ? `dy[${at}]`
      : form.scaling === "weight"
      ? `dy[${at}] * weight[${column}]`
      : `dy[${at}] * (1.0 + weight[${column}])`;
  const zeroUnless = (exists: string, value: string) =>
    exists ? `select(${type}(0.0), ${value}, ${exists})` : value;
  return `
    ${sumOf(type)}
    ${totalCode("vec2<f32>", layout)}
    fn inputGradient(block : i32) {
      ${begin}
      let mean = statistics[row].x;
      let rstd = statistics[row].y;
      ${
    held
      ? each((k, at, column, exists) =>
        `let h${k} = ${zeroUnless(exists, `(x[${at}] - mean) * rstd`)};
      let g${k} = ${zeroUnless(exists, upstream(at, column))};`
      )
      : `var sum = ${type}(0.0);
      var product = ${type}(0.0);
      ${
        loop((at, column) =>
          `let g = ${upstream(at, column)}; sum += g; product += g * ((x[${at}] - mean) * rstd);`
        )
      }`
  }
      let sums = vec2<f32>(sumOf(${held ? joined(each, (k) => `g${k}`) : "sum"}), sumOf(${
    held ? joined(each, (k) => `g${k} * h${k}`) : "product"
  }));
      let means = total(sums, lane) / ${numbers}.0;
      ${layout.perRow > 1 ? "if (!isRow) { return; }" : ""}
      ${
    held
      ? each((k, at, _, exists) =>
        guarded(exists, `dx[${at}] = (g${k} - (means.x + h${k} * means.y)) * rstd;`)
      )
      : loop((at, column) =>
        `let h = (x[${at}] - mean) * rstd;
        dx[${at}] = (${upstream(at, column)} - (means.x + h * means.y)) * rstd;`
      )
  }
    }`;
}
