/**
 * Classifier-free guidance.
 *
 * One convention everywhere: `ε = ε_uncond + s (ε_cond − ε_uncond)`, so that `s = 1` is the conditional
 * network, `s = 0` the unconditional one and `s > 1` goes beyond. Papers that write `(1 + w) ε_cond −
 * w ε_uncond` have `s = 1 + w`. As `ε`, `v`, `x_0` and velocity follow from each other by affine maps at
 * one `x`, guiding one of them guides all.
 *
 * Reference: Ho, Salimans 2022, <https://arxiv.org/abs/2207.12598>.
 *
 * @module
 */

import { tf } from "../deps.ts";
import { run } from "../engine/program.ts";
import { toTensor } from "../engine/tape.ts";
import type { Tensor, Tensor1D, Tensor4D } from "../tensor.ts";

/**
 * A network as samplers call it.
 *
 * @param x Noisy images, `(N, H, W, C)`.
 * @param t The time of each, `(N)`, float32, as `NoisyBatch.t`.
 * @param labels Class numbers, `(N)`, int32; absent where the network takes none.
 * @returns The prediction, as many values as `x`.
 */
export type Denoiser = (x: Tensor4D, t: Tensor1D, labels?: Tensor1D) => Tensor;

/** How strongly labels guide. */
export interface Guidance {
  /** `s`: 0 without the label, 1 with it, more to go beyond. */
  readonly scale: number;
  /** The class that stands for no class. */
  readonly nullClass: number;
  /**
   * Guides only where the noise level `σ/α` of `x` is in `(from, to]`, and elsewhere follows the
   * conditional network alone (Kynkäänniemi et al. 2024, <https://arxiv.org/abs/2404.07724>).
   *
   * @default everywhere
   */
  readonly interval?: readonly [from: number, to: number];
}

/**
 * The guided network. A scale of 1 is the network itself, and one of 0 the network without labels;
 * any other runs it once on a batch of `2 N`, with the labels and without.
 *
 * @param denoiser The network, which must take labels.
 * @param guidance Scale and null class; the interval is the sampler's business.
 */
export function guide(
  denoiser: Denoiser,
  { scale, nullClass }: Pick<Guidance, "scale" | "nullClass">,
): Denoiser {
  if (scale === 1) return denoiser;
  return (x, t, labels) => {
    if (labels === undefined) {
      throw new TypeError(
        `Cannot guide with scale ${scale}: guidance needs labels, got none. Give a label per image.`,
      );
    }
    if (scale === 0) return denoiser(x, t, withNulls(labels, 0, nullClass));
    const both = denoiser(
      tf.concat([x, x]),
      tf.concat([t, t]),
      withNulls(labels, labels.size, nullClass),
    );
    return combine(both, x, scale);
  };
}

/** Whether guidance applies at a noise level `σ/α`. */
export function isGuided({ interval }: Guidance, noiseLevel: number): boolean {
  if (interval === undefined) return true;
  const [from, to] = interval;
  return from < noiseLevel && noiseLevel <= to;
}

/** The first `kept` labels, then as many null classes as there are labels. */
function withNulls(labels: Tensor1D, kept: number, nullClass: number): Tensor1D {
  const labelled = run(
    {
      key: "inkling_guidance_labels",
      outputShape: [kept + labels.size],
      inputs: ["labels"],
      uniforms: "kept : i32, nullClass : i32,",
      code: `fn main(index : i32) {
        if (index < uniforms.size) {
          result[index] = select(uniforms.nullClass, labels[index], index < uniforms.kept);
        }
      }`,
    },
    [labels],
    [kept, nullClass].map((value) => ({ type: "int32" as const, data: [value] })),
    undefined,
    "int32",
  );
  return toTensor(labelled) as Tensor1D;
}

/** `(2 N, …)`, first with labels, then without, to what the scale makes of the two. */
function combine(both: Tensor, like: Tensor4D, scale: number): Tensor {
  const guided = run(
    {
      key: "inkling_guidance",
      outputShape: like.shape,
      inputs: ["both"],
      uniforms: "scale : f32,",
      code: `fn main(index : i32) {
        if (index < uniforms.size) {
          let unconditional = both[index + uniforms.size];
          result[index] = unconditional + uniforms.scale * (both[index] - unconditional);
        }
      }`,
    },
    [both],
    [{ type: "float32", data: [scale] }],
  );
  return toTensor(guided);
}
