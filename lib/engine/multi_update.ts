/**
 * One element-wise update of many tensors in few dispatches, as many as the adapter's limit on storage
 * buffers asks for.
 *
 * @module
 */

import type { Tensor } from "../tensor.ts";
import { backend, bufferOf, dispatchRaw, forgetValues, makePipeline } from "./backend.ts";

/** What happens to each element: see {@link updateAll}. */
export interface UpdateRule {
  /** Tensors that are read and written, by name, such as the weight and its momentum. */
  readonly updated: readonly string[];
  /** Tensors that are only read, by name, such as the gradient. */
  readonly read: readonly string[];
  /** Numbers for all elements, by name. */
  readonly scalars: readonly string[];
  /**
   * Assignments `name = expression` in WGSL over all these names, in order; an element may be a
   * `vec4`, so that expressions must be valid for vectors too.
   */
  readonly assignments: readonly (readonly [name: string, expression: string])[];
}

/** Storage buffers of a dispatch at most: some GPUs allow so many that a shader would be pages long. */
const MAX_BUFFERS = 64;
const LANES = 64;
/** Array elements per invocation; with fewer, large networks would exceed the limit on workgroups. */
const PER_INVOCATION = 4;

/**
 * Applies `rule` to every element of every group.
 *
 * @param rule What happens to an element.
 * @param groups For each group its tensors: first `rule.updated`, then `rule.read`, all of one size.
 * @param scalars `rule.scalars` in a float32 tensor on the GPU, or rows of them. @default none
 * @param row Which row, int32, shape `[1]`. @default the first
 */
export function updateAll(
  rule: UpdateRule,
  groups: readonly Tensor[][],
  scalars?: Tensor,
  row?: Tensor,
): void {
  const numbers = [scalars, row].filter((tensor) => tensor !== undefined);
  const perGroup = rule.updated.length + rule.read.length;
  const { maxStorageBuffersPerShaderStage } = backend().device.limits;
  const room = Math.min(MAX_BUFFERS, maxStorageBuffersPerShaderStage) - numbers.length;
  const atOnce = Math.floor(room / perGroup);
  for (let from = 0; from < groups.length; from += atOnce) {
    dispatch(rule, groups.slice(from, from + atOnce), numbers);
  }
  for (const group of groups) group.slice(0, rule.updated.length).forEach(forgetValues);
}

function dispatch(rule: UpdateRule, groups: readonly Tensor[][], numbers: Tensor[]): void {
  const sizes = groups.map(([first]) => first!.size);
  const pipeline = makePipeline(
    `multi_update_${JSON.stringify(rule)}_${sizes.join()}_${numbers.length}`,
    () => shader(rule, sizes, numbers.length),
  );
  const tensors = [...numbers, ...groups.flat()];
  const bindGroup = backend().device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: tensors.map((tensor, binding) => ({
      binding,
      resource: { buffer: bufferOf(tensor) },
    })),
  });
  const workgroups = sizes.reduce((sum, size) => sum + workgroupsFor(size), 0);
  dispatchRaw(pipeline, bindGroup, tensors, [workgroups, 1, 1]);
}

/**
 * How many numbers an array element holds: four at once where the size allows it, since a software
 * adapter loads each element of each lane by itself.
 */
function widthFor(size: number): 1 | 4 {
  return size % 4 === 0 ? 4 : 1;
}

function workgroupsFor(size: number): number {
  return Math.ceil(size / widthFor(size) / (LANES * PER_INVOCATION));
}

function shader(
  { updated, read, scalars, assignments }: UpdateRule,
  sizes: number[],
  firstBinding: number,
): string {
  const names = [...updated, ...read];
  const [hasScalars, hasRow] = [firstBinding > 0, firstBinding > 1];
  const bindings = sizes.flatMap((size, group) =>
    names.map((name, k) => {
      const type = widthFor(size) === 4 ? "vec4<f32>" : "f32";
      const binding = firstBinding + group * names.length + k;
      const access = k < updated.length ? "read_write" : "read";
      return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}_${group}: array<${type}>;`;
    })
  );
  let first = 0;
  const branches = sizes.map((size, group) => {
    const begin = first;
    first += workgroupsFor(size);
    const last = sizes.length === group + 1;
    return `${last ? "" : `if (workgroup < ${first}u) `}{
      for (var k = 0u; k < ${PER_INVOCATION}u; k++) {
        let i = ((workgroup - ${begin}u) * ${PER_INVOCATION}u + k) * ${LANES}u + lane;
        if (i < ${size / widthFor(size)}u) {
          ${updated.map((name) => `var ${name} = ${name}_${group}[i];`).join(" ")}
          ${read.map((name) => `let ${name} = ${name}_${group}[i];`).join(" ")}
          ${
      assignments.map(([name, expression]) => `${name} = ${expression};`).join("\n          ")
    }
          ${updated.map((name) => `${name}_${group}[i] = ${name};`).join(" ")}
        }
      }
    }`;
  });
  return `
  ${hasScalars ? "@group(0) @binding(0) var<storage, read> scalars: array<f32>;" : ""}
  ${hasRow ? "@group(0) @binding(1) var<storage, read> row: array<i32>;" : ""}
  ${bindings.join("\n  ")}
  @compute @workgroup_size(${LANES})
  fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let workgroup = id.x;
    let lane = local.x;
    let scalar = ${hasRow ? `row[0] * ${scalars.length}` : "0"};
    ${scalars.map((name, k) => `let ${name} = scalars[scalar + ${k}];`).join(" ")}
    ${branches.join(" else ")}
  }`;
}
