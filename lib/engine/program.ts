/**
 * Running WGSL of our own inside tfjs's WebGPU backend.
 *
 * @module
 */

import { tf, type WebGPUBackend } from "../deps.ts";
import { forgetValues } from "./backend.ts";
import type { Tensor, TensorInfo } from "../tensor.ts";

/** A WGSL kernel in the form that tfjs's backend compiles, caches and dispatches. */
export interface Program {
  /** What tells this shader from all others: it holds whatever is written into its code. */
  readonly key: string;
  /** Shape of the one output, `result` in the shader. */
  readonly outputShape: readonly number[];
  /** Names of the inputs in the shader, in the order of the tensors passed to {@link run}. */
  readonly inputs: readonly string[];
  /** How many numbers an element of each input holds, 1 or 4 (a `vec4<f32>`). @default all 1 */
  readonly components?: readonly number[];
  /** Declarations in the uniform block, such as `lr : f32, step : f32,`. @default none */
  readonly uniforms?: string;
  /** Invocations per workgroup. @default [64, 1, 1] */
  readonly workgroupSize?: readonly [number, number, number];
  /** Workgroups. @default as many as one invocation per output element needs */
  readonly dispatch?: readonly [number, number, number];
  /**
   * The code: helper functions and `fn main(index : i32)`, where `index` counts invocations along
   * x; `workgroupId` and `localId` are at hand, `uniforms.size` is the number of output elements.
   * It must use `uniforms` somewhere: WebGPU leaves a binding that is not used out of the layout.
   */
  readonly code: string;
}

/** A value for the uniform block. */
export interface Uniform {
  /** Its type in the shader. */
  readonly type: "float32" | "int32";
  /** One to four numbers. */
  readonly data: number[];
}

/** tfjs's WebGPU backend, which must be the active one. */
export function webgpuBackend(): WebGPUBackend {
  return tf.backend() as WebGPUBackend;
}

const SHAPE_AXES = [0, 1, 2, 3, 4, 5];

/**
 * Dispatches `program` over `inputs`.
 *
 * @param program The kernel.
 * @param inputs One tensor for each of the program's inputs.
 * @param uniforms Values of the program's own uniforms. @default none
 * @param output A tensor to write to. @default a new one
 * @param dtype Type of a new output. @default "float32"
 * @returns The output.
 */
export function run(
  program: Program,
  inputs: TensorInfo[],
  uniforms: Uniform[] = [],
  output?: TensorInfo,
  dtype: "float32" | "int32" = "float32",
): TensorInfo {
  const { workgroupSize = [64, 1, 1] } = program;
  const size = tf.util.sizeFromShape([...program.outputShape]);
  const dispatch = program.dispatch ?? [Math.ceil(size / workgroupSize[0]), 1, 1];
  const compiled = {
    variableNames: [...program.inputs],
    ...(program.components && { variableComponents: [...program.components] }),
    outputShape: [...program.outputShape],
    shaderKey: program.key,
    uniforms: program.uniforms ?? "",
    workgroupSize: [...workgroupSize] as [number, number, number],
    // tfjs wants to know along which output axes x runs, and uses it only to split a dispatch
    // that is too long for the device.
    dispatchLayout: { x: SHAPE_AXES.slice(0, program.outputShape.length) },
    dispatch: [...dispatch] as [number, number, number],
    size: true,
    getUserCode: () => program.code,
    // tfjs labels the pipeline with the name of the program's class.
    constructor: { name: program.key } as ObjectConstructor,
  };
  return webgpuBackend().runWebGPUProgram(compiled, inputs, dtype, uniforms, output);
}

/**
 * Dispatches `program` with `target` as its output, which the shader reads and writes as `result`.
 * `target` must not be among `inputs`.
 */
export function runInPlace(
  program: Program,
  target: Tensor,
  inputs: Tensor[],
  uniforms: Uniform[] = [],
): void {
  run(program, inputs, uniforms, target);
  forgetValues(target);
}
