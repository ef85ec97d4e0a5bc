/**
 * Dispatches that write several tensors.
 *
 * What tfjs's backend runs has one output. A gradient with several results of little work each, such
 * as those of a small linear layer, is done in one dispatch here: an empty one costs as much as a
 * hundred thousand multiplications.
 *
 * @module
 */

import { backend, bufferOf, dispatchRaw, makePipeline } from "../backend.ts";
import type { TensorInfo } from "../../tensor.ts";
import { textureOf } from "./textures.ts";
import { BLOCK } from "./block.ts";
import { lanes } from "./lanes.ts";

/** A kernel with several outputs. */
export interface Shader {
  /** What tells this shader from all others: it holds whatever is written into its code. */
  readonly key: string;
  /**
   * Type of an element of each input by its name in the code, such as `vec4<f32>`, or `texture` for one
   * that is read by {@link texel}.
   */
  readonly inputs: Readonly<Record<string, string>>;
  /** The same of each output. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Names of the uniforms, which are `i32`; `uniforms.blocks`, the workgroups, is one more. */
  readonly uniforms: readonly string[];
  /** Invocations per workgroup. @default {@link lanes} */
  readonly lanes?: number;
  /** The code: functions, of which `fn main(block : i32)`; `localId` and `uniforms` are at hand. */
  readonly code: string;
}

/**
 * Dispatches `shader`.
 *
 * @param shader The kernel.
 * @param inputs One tensor for each input, in order. One tensor may be several inputs.
 * @param outputs One tensor for each output, in order.
 * @param uniforms A number for each uniform, in order.
 * @param blocks Workgroups.
 */
export function runInto(
  shader: Shader,
  inputs: readonly TensorInfo[],
  outputs: readonly TensorInfo[],
  uniforms: readonly number[],
  blocks: number,
): void {
  const active = backend();
  const { device } = active;
  const { lanes: width = lanes() } = shader;
  const pipeline = makePipeline(`inkling_${shader.key}_${width}`, () => source(shader, width));
  const types = Object.values(shader.inputs);
  const tensors = [...inputs, ...outputs];
  const numbers = [blocks, ...uniforms].map((value) => ({ type: "int32", data: [value] }));
  const resources = [
    ...tensors.map((tensor, i) =>
      types[i] === "texture" ? textureOf(tensor, i) : { buffer: bufferOf(tensor) }
    ),
    active.makeUniforms(numbers),
  ];
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
  const across = Math.min(blocks, device.limits.maxComputeWorkgroupsPerDimension);
  dispatchRaw(pipeline, bindGroup, tensors, [across, Math.ceil(blocks / across), 1]);
}

function source({ inputs, outputs, uniforms, code }: Shader, width: number): string {
  const declare = (buffers: Readonly<Record<string, string>>, access: string) =>
    Object.entries(buffers).map(([name, type]) =>
      type === "texture"
        ? `var ${name} : texture_2d<f32>;`
        : `var<storage, ${access}> ${name} : array<${type}>;`
    );
  const bindings = [
    ...declare(inputs, "read"),
    ...declare(outputs, "read_write"),
    "var<uniform> uniforms : Uniforms;",
  ];
  return `
  struct Uniforms { ${["blocks", ...uniforms].map((name) => `${name} : i32,`).join(" ")} };
  ${bindings.map((declaration, i) => `@group(0) @binding(${i}) ${declaration}`).join("\n  ")}
  var<private> localId : vec3<u32>;
  ${code}
  @compute @workgroup_size(${width})
  fn start(
    @builtin(local_invocation_id) local : vec3<u32>,
    @builtin(workgroup_id) workgroupId : vec3<u32>,
    @builtin(num_workgroups) numWorkgroups : vec3<u32>,
  ) {
    localId = local;
    let block = ${BLOCK};
    if (block < uniforms.blocks) { main(block); }
  }`;
}
