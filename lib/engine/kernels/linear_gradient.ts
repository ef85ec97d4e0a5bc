/**
 * The gradients of a linear layer that one dispatch can compute together.
 *
 * `dW = Xᵀ G` and `db = Σ G` over the rows, and `dX = G Wᵀ` where the products are small. With the
 * layer's output at hand, `G` is `dY` where the output passed the ReLU, and is never stored: the
 * products take the mask in as they load `dY`.
 *
 * @module
 */

import type { TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { gated, NO_EPILOGUE } from "./epilogue.ts";
import { matMulCode } from "./mat_mul_code.ts";
import { slicesFor } from "./mat_mul_split.ts";
import { texel } from "./textures.ts";
import { runInto, type Shader } from "./several.ts";
import { registerTiles } from "./tiles.ts";

/** Where gradients go. */
export interface LinearGradients {
  /** That of the input, `(N, in)`, where it is wanted here. @default not computed */
  readonly x?: TensorInfo;
  /** That of the weight, `(in, out)`. */
  readonly weight: TensorInfo;
  /** That of the bias, `(out)`. */
  readonly bias: TensorInfo;
}

/**
 * Writes the gradients of weight and bias, and of `x` where wanted, in one dispatch; in two where the
 * batch is so long against the weights that its sums are cut into slices.
 *
 * @param g The gradient of the output, `(N, out)`.
 * @param y The output, where a ReLU ended the layer.
 * @param x The input, `(N, in)`.
 * @param weight `(in, out)`.
 * @param results Where the gradients go.
 */
export function writeGradients(
  g: TensorInfo,
  y: TensorInfo | undefined,
  x: TensorInfo,
  weight: TensorInfo,
  results: LinearGradients,
): void {
  const [rows, inputs] = x.shape as [number, number];
  const outputs = weight.shape[1]!;
  const slices = slicesFor({ M: inputs, N: outputs, K: rows }, 1);
  if (slices.count === 1) return writeSlices(g, y, x, weight, results, rows);
  const partials = [inputs * outputs, outputs].map((values) =>
    webgpuBackend().makeTensorInfo([slices.count * values], "float32")
  ) as [TensorInfo, TensorInfo];
  const [partialWeight, partialBias] = partials;
  const slots = { ...results, weight: partialWeight, bias: partialBias };
  writeSlices(g, y, x, weight, slots, slices.length);
  const values = inputs * outputs + outputs;
  runInto(
    sumShader,
    partials,
    [results.weight, results.bias],
    [slices.count, inputs * outputs, outputs],
    Math.ceil(values / SUM_LANES),
  );
  for (const { dataId } of partials) webgpuBackend().disposeData(dataId);
}

const SUM_LANES = 64;

/** Adds up the slices of the gradients of weight and bias. */
const sumShader: Shader = {
  key: "linear_grad_sum",
  inputs: { partialW: "f32", partialB: "f32" },
  outputs: { dW: "f32", db: "f32" },
  uniforms: ["slices", "weights", "outputs"],
  lanes: SUM_LANES,
  code: `
  fn main(block : i32) {
    let index = block * ${SUM_LANES} + i32(localId.x);
    let output = index - uniforms.weights;
    if (output < 0) {
      var sum = partialW[index];
      for (var slice = 1; slice < uniforms.slices; slice++) {
        sum += partialW[slice * uniforms.weights + index];
      }
      dW[index] = sum;
    } else if (output < uniforms.outputs) {
      var sum = partialB[output];
      for (var slice = 1; slice < uniforms.slices; slice++) {
        sum += partialB[slice * uniforms.outputs + output];
      }
      db[output] = sum;
    }
  }`,
};

/** Writes the gradients of weight and bias for each slice of `perSlice` rows, and that of `x`. */
function writeSlices(
  g: TensorInfo,
  y: TensorInfo | undefined,
  x: TensorInfo,
  weight: TensorInfo,
  results: LinearGradients,
  perSlice: number,
): void {
  const [rows, inputs] = x.shape as [number, number];
  const outputs = weight.shape[1]!;
  const epilogue = NO_EPILOGUE;
  const ofWeight = {
    transposeA: true,
    transposeB: false,
    epilogue,
    ...(y && { gate: "B" as const }),
  };
  const forWeight = results.x
    // Two products in one shader, whose workgroups must be of one size.
    ? matMulCode({ M: inputs, N: outputs, K: rows }, ofWeight, registerTiles())
    : matMulCode({ M: inputs, N: outputs, K: rows }, ofWeight);
  const forInput = results.x && matMulCode(
    { M: rows, N: inputs, K: outputs },
    {
      transposeA: false,
      transposeB: true,
      epilogue,
      // As the other product reads it.
      scalarA: true,
      ...(y && { gate: "A" }),
    },
    registerTiles(),
  );
  const { lanes } = forWeight;
  const { textures } = forWeight;
  const type = (components: 1 | 4) => textures ? "texture" : components === 4 ? "vec4<f32>" : "f32";
  const read = (name: string) => {
    if (textures) return `${texel(name, "(at >> 2u)")}[at & 3]`;
    return forWeight.componentsB === 4 ? `${name}[at >> 2u][at & 3]` : `${name}[at]`;
  };
  const value = y ? gated(read("g"), read("Y"), "f32") : read("g");
  const typeOfG = type(forWeight.componentsB);
  const shader: Shader = {
    key: `linear_grad_${forWeight.key}_${forInput?.key}`,
    inputs: {
      g: typeOfG,
      ...(y && { Y: typeOfG }),
      x: type(forWeight.componentsA),
      ...(forInput && { W: type(forInput.componentsB) }),
    },
    outputs: { dW: "f32", db: "f32", ...(forInput && { dX: "f32" }) },
    uniforms: ["rows", "inputs", "outputs", "perSlice", "forWeight", "forBias"],
    lanes,
    code: `
    ${forWeight.write("weightGradient", "dW", { A: "x", B: "g" })}
    ${forInput?.write("inputGradient", "dX", { A: "g", B: "W" }) ?? ""}
    fn biasGradient(block : i32, rows : i32, outputs : i32, perSlice : i32) {
      let across = (outputs + ${lanes - 1}) / ${lanes};
      let slice = block / across;
      let column = block % across * ${lanes} + i32(localId.x);
      if (column >= outputs) { return; }
      let end = min((slice + 1) * perSlice, rows) * outputs;
      var sum = 0.0;
      for (var at = slice * perSlice * outputs + column; at < end; at += outputs) {
        sum += ${value};
      }
      db[slice * outputs + column] = sum;
    }
    fn main(block : i32) {
      let rows = uniforms.rows;
      let inputs = uniforms.inputs;
      let outputs = uniforms.outputs;
      let perSlice = uniforms.perSlice;
      let afterWeight = block - uniforms.forWeight;
      if (afterWeight < 0) {
        weightGradient(block, 1, inputs, outputs, rows, perSlice);
      } else if (afterWeight < uniforms.forBias) {
        biasGradient(afterWeight, rows, outputs, perSlice);
      }${
      forInput
        ? ` else {
        inputGradient(afterWeight - uniforms.forBias, 1, rows, inputs, outputs, outputs);
      }`
        : ""
    }
    }`,
  };
  const slices = Math.ceil(rows / perSlice);
  const weightBlocks = forWeight.blocks * slices;
  const biasBlocks = Math.ceil(outputs / lanes) * slices;
  runInto(
    shader,
    [g, ...(y ? [y] : []), x, ...(forInput ? [weight] : [])],
    [results.weight, results.bias, ...(results.x ? [results.x] : [])],
    [rows, inputs, outputs, perSlice, weightBlocks, biasBlocks],
    weightBlocks + biasBlocks + (forInput?.blocks ?? 0),
  );
}
