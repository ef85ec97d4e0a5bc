/**
 * Looking rows up in a table, in one dispatch, and the gradient of the table in one.
 *
 * In the gradient an invocation goes through all indices for its place in the table and adds up what
 * belongs there: tables of classes are small, and the sum has the same order, and bits, in each run.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { KernelConfig, Tensor, TensorInfo } from "../../tensor.ts";
import { webgpuBackend } from "../program.ts";
import { isTaped, toTensor } from "../tape.ts";
import { lanes } from "./lanes.ts";
import { runInto } from "./several.ts";

const NAME = "InklingEmbedding";

/**
 * The row of `table` for each index, differentiable. An index that has none gives a row of NaN, the one
 * way for a GPU to say so.
 *
 * @param table `(K, D)`.
 * @param indices `(N)`, int32, from 0 to K − 1.
 * @returns `(N, D)`.
 * @throws {RangeError} When the shapes are others.
 * @throws {TypeError} When the indices are no int32.
 */
export function embedding(table: Tensor, indices: Tensor): Tensor {
  if (table.rank !== 2 || indices.rank !== 1) {
    throw new RangeError(
      `Cannot look up: the table must be (K, D) and the indices (N), ` +
        `got (${table.shape.join(", ")}) and (${indices.shape.join(", ")})`,
    );
  }
  if (indices.dtype !== "int32") {
    throw new TypeError(`Cannot look up: the indices must be int32, got ${indices.dtype}`);
  }
  if (table.size === 0 || indices.size === 0) return tf.zeros([indices.size, table.shape[1]!]);
  return tf.engine().runKernel(NAME, { table, indices }, { rows: table.shape[0]! }) as Tensor;
}

/** How a shader sees a row: four values together where their number allows it. */
function layoutOf({ shape }: TensorInfo) {
  const width = shape[1]!;
  return width % 4 === 0
    ? { type: "vec4<f32>", columns: width / 4 }
    : { type: "f32", columns: width };
}

/** The kernel behind {@link embedding}. */
export const embeddingKernel: KernelConfig = {
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs }) => {
    const { table, indices } = inputs as unknown as Record<"table" | "indices", TensorInfo>;
    const { type, columns } = layoutOf(table);
    const [count] = indices.shape as [number];
    const result = webgpuBackend().makeTensorInfo([count, table.shape[1]!], "float32");
    runInto(
      {
        key: `embedding_${type}_${columns}`,
        inputs: { rows: type, indices: "i32" },
        outputs: { result: type },
        uniforms: ["items", "rows", "nanBits"],
        code: `fn main(block : i32) {
      let i = block * ${lanes()} + i32(localId.x);
      if (i >= uniforms.items) { return; }
      let row = indices[i / ${columns}];
      if (row >= 0 && row < uniforms.rows) {
        result[i] = rows[row * ${columns} + i % ${columns}];
      } else {
        result[i] = ${type}(bitcast<f32>(uniforms.nanBits));
      }
    }`,
      },
      [table, indices],
      [result],
      [count * columns, table.shape[0]!, NAN_BITS],
      Math.ceil(count * columns / lanes()),
    );
    return result;
  },
};

/** NaN as an i32: WGSL refuses one that it sees written. */
const NAN_BITS = 0x7fc00000;

/** The gradient of {@link embeddingKernel}. */
export const embeddingGradient: tf.GradConfig = {
  kernelName: NAME,
  inputsToSave: ["indices"],
  gradFunc: (dy, saved, attrs) => {
    const [indices] = saved as [Tensor];
    const { rows } = attrs as unknown as { rows: number };
    const d = dy as Tensor;
    return {
      table: () =>
        isTaped()
          ? tf.matMul(tf.oneHot(indices, rows, 1, 0, "float32"), d, true, false)
          : tableGradient(d, indices, rows),
    };
  },
};

function tableGradient(d: Tensor, indices: Tensor, rows: number): Tensor {
  const { type, columns } = layoutOf(d);
  const result = webgpuBackend().makeTensorInfo([rows, d.shape[1]!], "float32");
  runInto(
    {
      key: `embedding_grad_${type}_${columns}`,
      inputs: { d: type, indices: "i32" },
      outputs: { result: type },
      uniforms: ["items", "count"],
      code: `fn main(block : i32) {
      let i = block * ${lanes()} + i32(localId.x);
      if (i >= uniforms.items) { return; }
      let row = i / ${columns};
      var sum = ${type}(0.0);
      for (var n = 0; n < uniforms.count; n++) {
        if (indices[n] == row) { sum += d[n * ${columns} + i % ${columns}]; }
      }
      result[i] = sum;
    }`,
    },
    [d, indices],
    [result],
    [rows * columns, indices.size],
    Math.ceil(rows * columns / lanes()),
  );
  return toTensor(result);
}
