/**
 * Convolution, and its gradient with respect to the input.
 *
 * `y[b, oh, ow, co] = Σ_{kh, kw, ci} x[b, oh·s + kh − p, ow·s + kw − p, ci] · F[kh, kw, ci, co]`
 *
 * Seen as a matrix product whose left side is read from the image in place: an invocation computes
 * a block of `rows` neighbouring pixels by `columns` output channels in named scalars. Neighbouring
 * invocations take neighbouring output channels, so all of them want the same pixel values at once,
 * which a software adapter loads only once, and each loaded filter value serves all pixels.
 *
 * Bias and ReLU are part of it where asked for; see `epilogue.ts`.
 *
 * The input's gradient at stride 1 is a convolution of `dy` with the filter turned by 180° and its
 * channels exchanged.
 *
 * @module
 */

import { type Program, run, webgpuBackend } from "../program.ts";
import { BLOCK } from "./block.ts";
import {
  type Epilogue,
  epilogueKey,
  finished,
  NO_EPILOGUE,
  readEpilogue,
  RECTIFY,
} from "./epilogue.ts";
import { type ConvAttributes, convInfo, type ConvSizes, geometryKey } from "./conv_sizes.ts";
import { lanes } from "./lanes.ts";
import type { KernelConfig, TensorInfo } from "../../tensor.ts";

const ROWS = 16;
const MAX_COLUMNS = 8;

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Convolves `x`, `(N, H, W, in)`, with `filter`, `(kh, kw, in, out)`. */
export function conv2d(
  x: TensorInfo,
  filter: TensorInfo,
  s: ConvSizes,
  epilogue: Epilogue = NO_EPILOGUE,
): TensorInfo {
  const { bias } = epilogue;
  const columns = Math.min(MAX_COLUMNS, Math.ceil(s.outChannels / lanes()));
  const pixels = s.batchSize * s.outHeight * s.outWidth;
  const vector = s.inChannels % 4 === 0;
  const program: Program = {
    key: `inkling_conv2d_${columns}_${geometryKey(s)}${epilogueKey(epilogue)}`,
    outputShape: [s.batchSize, s.outHeight, s.outWidth, s.outChannels],
    inputs: ["x", "F", ...(bias ? ["bias"] : [])],
    components: [vector ? 4 : 1, 1, ...(bias ? [1] : [])],
    uniforms: "pixels : i32,",
    workgroupSize: [lanes(), 1, 1],
    dispatch: [Math.ceil(s.outChannels / (lanes() * columns)) * Math.ceil(pixels / ROWS), 1, 1],
    code: shader(s, columns, vector, epilogue),
  };
  return run(program, [x, filter, ...(bias ? [bias] : [])], [{ type: "int32", data: [pixels] }]);
}

function shader(s: ConvSizes, columns: number, vector: boolean, epilogue: Epilogue): string {
  const I = range(ROWS);
  const J = range(columns);
  const across = Math.ceil(s.outChannels / (lanes() * columns));
  const step = vector ? 4 : 1;
  const position = (i: number) => `
    let p${i} = min(pixel + ${i}, uniforms.pixels - 1);
    let h${i} = (p${i} / ${s.outWidth}) % ${s.outHeight} * ${s.strideHeight} - ${s.top};
    let w${i} = p${i} % ${s.outWidth} * ${s.strideWidth} - ${s.left};
    let base${i} = (p${i} / ${
    s.outWidth * s.outHeight
  } * ${s.inHeight} + h${i}) * ${s.inWidth} + w${i};`;
  const inside = (i: number) =>
    `h${i} + kh >= 0 && h${i} + kh < ${s.inHeight} && w${i} + kw >= 0 && w${i} + kw < ${s.inWidth}`;
  const load = (i: number) =>
    vector
      ? `let x${i} = select(vec4<f32>(0.0), x[max(at${i} + ci, 0) >> 2u], in${i});`
      : `let x${i} = select(0.0, x[max(at${i} + ci, 0)], in${i});`;
  const turn = range(step).map((u) => `
          ${J.map((j) => `let f${u}_${j} = F[fi + ${u * s.outChannels} + c${j}];`).join(" ")}
          ${
    I.map((i) =>
      J.map((j) => `s${i}_${j} = fma(x${i}${vector ? `[${u}]` : ""}, f${u}_${j}, s${i}_${j});`)
        .join(" ")
    ).join("\n          ")
  }`);
  const sum = (i: number, j: number) => finished(`s${i}_${j}`, `c${j}`, epilogue);
  return `
  ${RECTIFY}
  fn main(index : i32) {
    let block = ${BLOCK};
    let pixel = block / ${across} * ${ROWS};
    let first = block % ${across} * ${lanes() * columns} + i32(localId.x);
    ${J.map((j) => `let c${j} = min(first + ${j * lanes()}, ${s.outChannels - 1});`).join(" ")}
    ${I.map(position).join("")}
    ${I.map((i) => J.map((j) => `var s${i}_${j} = 0.0;`).join(" ")).join("\n    ")}
    for (var kh = 0; kh < ${s.filterHeight}; kh++) {
      for (var kw = 0; kw < ${s.filterWidth}; kw++) {
        ${I.map((i) => `let in${i} = ${inside(i)};`).join("\n        ")}
        ${
    I.map((i) => `let at${i} = (base${i} + kh * ${s.inWidth} + kw) * ${s.inChannels};`)
      .join("\n        ")
  }
        var fi = (kh * ${s.filterWidth} + kw) * ${s.inChannels * s.outChannels};
        for (var ci = 0; ci < ${s.inChannels}; ci += ${step}) {
          ${I.map(load).join("\n          ")}
          ${turn.join("")}
          fi += ${step * s.outChannels};
        }
      }
    }
    ${
    I.map((i) =>
      `if (pixel + ${i} < uniforms.pixels) {
      ${
        J.map((j) =>
          `if (first + ${j * lanes()} < ${s.outChannels}) { ` +
          `result[(pixel + ${i}) * ${s.outChannels} + c${j}] = ${sum(i, j)}; }`
        ).join("\n      ")
      }
    }`
    ).join("\n    ")
  }
  }`;
}

/** Turns a filter by 180° and exchanges its channels: `(kh, kw, in, out)` to `(kh, kw, out, in)`. */
function turnFilter(filter: TensorInfo, s: ConvSizes): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = s;
  const positions = filterHeight * filterWidth;
  return run({
    key: `inkling_turn_filter_${positions}_${inChannels}_${outChannels}`,
    outputShape: [filterHeight, filterWidth, outChannels, inChannels],
    inputs: ["F"],
    code: `fn main(index : i32) {
      if (index < uniforms.size) {
        let ci = index % ${inChannels};
        let co = index / ${inChannels} % ${outChannels};
        let position = ${positions - 1} - index / ${inChannels * outChannels};
        result[index] = F[(position * ${inChannels} + ci) * ${outChannels} + co];
      }
    }`,
  }, [filter]);
}

/** Gradient of {@link conv2d} with respect to `x`; the strides must be 1. */
export function conv2dBackpropInput(
  dy: TensorInfo,
  filter: TensorInfo,
  s: ConvSizes,
): TensorInfo {
  const turned = turnFilter(filter, s);
  const result = conv2d(dy, turned, {
    ...s,
    inHeight: s.outHeight,
    inWidth: s.outWidth,
    inChannels: s.outChannels,
    outHeight: s.inHeight,
    outWidth: s.inWidth,
    outChannels: s.inChannels,
    top: s.filterHeight - 1 - s.top,
    left: s.filterWidth - 1 - s.left,
  });
  webgpuBackend().disposeData(turned.dataId);
  return result;
}

/** The forward kernel as tfjs knows it; `stock` computes what this one leaves alone. */
export function conv2dKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { x, filter } = args.inputs as { x: TensorInfo; filter: TensorInfo };
      const sizes = convInfo(x.shape, filter.shape, args.attrs as unknown as ConvAttributes);
      return sizes === undefined ? stock.kernelFunc(args) : conv2d(x, filter, sizes);
    },
  };
}

/** The kernel of `tf.fused.conv2d`; `stock` computes what this one leaves alone. */
export function fusedConv2dKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { x, filter } = args.inputs as { x: TensorInfo; filter: TensorInfo };
      const sizes = convInfo(x.shape, filter.shape, args.attrs as unknown as ConvAttributes);
      const epilogue = readEpilogue(args.inputs, args.attrs ?? {}, filter.shape[3]!);
      if (sizes === undefined || epilogue === undefined) return stock.kernelFunc(args);
      return conv2d(x, filter, sizes, epilogue);
    },
  };
}

/** The input gradient's kernel as tfjs knows it; `stock` computes what this one leaves alone. */
export function conv2dBackpropInputKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo };
      const attrs = args.attrs as unknown as ConvAttributes & { inputShape: number[] };
      const sizes = convInfo(attrs.inputShape, filter.shape, attrs);
      if (sizes === undefined || sizes.strideHeight !== 1 || sizes.strideWidth !== 1) {
        return stock.kernelFunc(args);
      }
      return conv2dBackpropInput(dy, filter, sizes);
    },
  };
}
