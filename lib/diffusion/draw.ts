/**
 * Drawing the time of each image in a batch, its weight, and which labels are dropped: one dispatch.
 *
 * The numbers are those of `GpuRandom` over the batch: an invocation makes four of them at once.
 *
 * @module
 */

import { lanes } from "../engine/kernels/lanes.ts";
import { runInto } from "../engine/kernels/several.ts";
import { PHILOX } from "../engine/philox.ts";
import type { Random } from "../random.ts";
import type { Tensor, Tensor1D, Variable } from "../tensor.ts";
import { unwrittenBatch } from "./block_pass.ts";

/** What to draw. */
export interface TimestepDraw {
  /** Images in the batch. */
  readonly count: number;
  /** The step's number, int32, shape `[1]`. */
  readonly step: Variable;
  /** Times are from `[0, timesteps)`. */
  readonly timesteps: number;
  /** Whether any number is a time, or integers only. */
  readonly continuous: boolean;
  /** The streams of times and of drops. */
  readonly streams: Readonly<Record<"t" | "drop", Random>>;
  /** Weight of each integer time, float32. */
  readonly weights: Tensor | undefined;
  /** Labels, each of which becomes `nullClass` with the given probability. */
  readonly labels:
    | { readonly classes: Tensor1D; readonly probability: number; readonly nullClass: number }
    | undefined;
}

/** What was drawn, `(N)` each; weights and labels where they were asked for. */
export interface DrawnTimesteps {
  /** Times, float32. */
  readonly t: Tensor1D;
  /** Weights, float32. */
  readonly weight?: Tensor1D;
  /** Labels, int32. */
  readonly labels?: Tensor1D;
}

/** Draws what belongs to the step. */
export function drawTimesteps(draw: TimestepDraw): DrawnTimesteps {
  const { count, step, timesteps, continuous, streams, weights, labels } = draw;
  const make = (dtype: "float32" | "int32") => unwrittenBatch([count], dtype) as Tensor1D;
  const drawn = {
    t: make("float32"),
    ...(weights && { weight: make("float32") }),
    ...(labels && { labels: make("int32") }),
  };
  if (count === 0) return drawn;
  const words = (stream: string) =>
    `philox(vec4<u32>(u32(index), u32(step[0]), u32(uniforms.${stream}0), u32(uniforms.${stream}1)), key)`;
  const time = continuous
    ? `f32(uniforms.timesteps) * (vec4<f32>(words >> vec4<u32>(8u)) * ${2 ** -24}f)`
    : `vec4<f32>(vec4<u32>(
          multiplyHigh(words.xy, vec2<u32>(u32(uniforms.timesteps))),
          multiplyHigh(words.zw, vec2<u32>(u32(uniforms.timesteps)))))`;
  const write = [0, 1, 2, 3].map((k) => `
        if (${k} < live) {
          t[at + ${k}] = times[${k}];
          ${weights ? `weight[at + ${k}] = weights[i32(times[${k}])];` : ""}
          ${
    labels
      ? `dropped[at + ${k}] = select(classes[at + ${k}], uniforms.nullClass, drops[${k}]);`
      : ""
  }
        }`);
  runInto(
    {
      key: `diffusion_draw_${continuous}_${weights !== undefined}_${labels !== undefined}`,
      inputs: {
        step: "i32",
        ...(weights && { weights: "f32" }),
        ...(labels && { classes: "i32" }),
      },
      outputs: {
        t: "f32",
        ...(weights && { weight: "f32" }),
        ...(labels && { dropped: "i32" }),
      },
      uniforms: [
        ...["count", "timesteps", "key0", "key1", "t0", "t1"],
        ...["drop0", "drop1", "threshold", "nullClass"],
      ],
      code: `${PHILOX}
      fn main(workgroup : i32) {
        let index = workgroup * ${lanes()} + i32(localId.x);
        let at = 4 * index;
        let live = uniforms.count - at;
        if (live <= 0) { return; }
        let key = vec2<u32>(u32(uniforms.key0), u32(uniforms.key1));
        let words = ${words("t")};
        let times = ${time};
        ${
        labels
          ? `let drops = ${words("drop")} >> vec4<u32>(8u) < vec4<u32>(u32(uniforms.threshold));`
          : ""
      }
        ${write.join("")}
      }`,
    },
    [step, ...(weights ? [weights] : []), ...(labels ? [labels.classes] : [])],
    Object.values(drawn),
    [
      ...[count, timesteps],
      ...[...streams.t.key, ...streams.t.stream, ...streams.drop.stream].map((word) => word | 0),
      Math.ceil((labels?.probability ?? 0) * 2 ** 24),
      labels?.nullClass ?? 0,
    ],
    Math.ceil(count / (4 * lanes())),
  );
  return drawn;
}
