/**
 * Activations and their derivatives, in WGSL and in tfjs's operations.
 *
 * Nothing here overflows, and infinities give the limits: arguments are cut where the result no
 * longer changes. (PyTorch's GELU and SiLU of −∞ are NaN.) NaN stays NaN.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { Tensor } from "../../tensor.ts";

/** An activation by its name. */
export type Activation =
  | { readonly name: "gelu" | "geluTanh" | "silu" | "tanh" }
  | { readonly name: "leakyRelu"; readonly slope: number };

/** What an activation computes. */
export interface ActivationCode {
  /** `fn value(x : T) -> T` and `fn derivative(x : T) -> T`; `T` is `f32` or `vec4<f32>`. */
  readonly code: string;
  /** The same value from operations that the tape sees. */
  readonly plain: (x: Tensor) => Tensor;
}

/** The code of an activation. */
export function activationCode(activation: Activation): ActivationCode {
  switch (activation.name) {
    case "gelu":
      return {
        code: weighted(NORMAL, 20),
        plain: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
      };
    case "geluTanh":
      return {
        code: weighted(NEARLY_NORMAL, 20),
        plain: (x) => {
          const cube = tf.mul(tf.mul(x, x), x);
          const inner = tf.add(tf.mul(x, LINEAR), tf.mul(cube, LINEAR * CUBIC));
          return tf.mul(x, tf.sigmoid(inner));
        },
      };
    case "silu":
      return { code: weighted(LOGISTIC, 120), plain: (x) => tf.mul(x, tf.sigmoid(x)) };
    case "tanh":
      return { code: TANH, plain: (x) => tf.tanh(x) };
    case "leakyRelu": {
      const slope = `f32(${activation.slope})`;
      return {
        code: `
  fn value(x : T) -> T { return select(x, x * ${slope}, x < T(0.0)); }
  fn derivative(x : T) -> T { return select(T(${slope}), T(1.0), x > T(0.0)); }`,
        // tfjs's own cannot be differentiated twice.
        plain: (x) => tf.sub(tf.relu(x), tf.mul(tf.relu(tf.neg(x)), activation.slope)),
      };
    }
  }
}

/**
 * `x` times a weight that grows from 0 to 1.
 *
 * @param weight `fn weight(x : T) -> T` and its derivative, `fn slope(x : T) -> T`.
 * @param end How far from 0 the weight is 0 or 1, as near as float32 tells.
 */
function weighted(weight: string, end: number): string {
  // WGSL's `clamp` may turn a NaN into a number; a comparison with it is false.
  return `${weight}
  fn cut(x : T) -> T {
    return select(select(x, T(${end}.0), x > T(${end}.0)), T(-${end}.0), x < T(-${end}.0));
  }
  fn value(x : T) -> T {
    let c = cut(x);
    return select(c * weight(c), x, x > T(${end}.0));
  }
  fn derivative(x : T) -> T {
    let c = cut(x);
    return fma(c, slope(c), weight(c));
  }`;
}

/**
 * The distribution function of the normal distribution and its density.
 *
 * `exp(a²/2) Φ(−a)` for `a ≥ 0` is `t` times a polynomial in `2t − 1` with `t = 1 / (1 + 0.27 a)`: the
 * form of Shepherd and Laframboise 1981, <https://doi.org/10.1090/S0025-5718-1981-0595058-X>. The
 * coefficients are fitted to it, with a relative error of at most 2.5e-8 for `a` up to 20; what
 * float32 adds is below 2e-7, absolutely.
 */
const NORMAL = `
  fn weight(x : T) -> T {
    let t = 1.0 / (1.0 + 0.27 * abs(x));
    let u = 2.0 * t - 1.0;
    var sum = T(1.13532864e-4);
    sum = fma(sum, u, T(-8.39541608e-5));
    sum = fma(sum, u, T(-1.09640334e-3));
    sum = fma(sum, u, T(-6.61383558e-4));
    sum = fma(sum, u, T(9.05144215e-3));
    sum = fma(sum, u, T(3.91416475e-2));
    sum = fma(sum, u, T(9.34871882e-2));
    sum = fma(sum, u, T(1.57742858e-1));
    sum = fma(sum, u, T(2.02305079e-1));
    let below = t * sum * exp(-0.5 * x * x);
    return select(1.0 - below, below, x < T(0.0));
  }
  fn slope(x : T) -> T { return 0.3989422804 * exp(-0.5 * x * x); }`;

/** `1 / (1 + exp(−x))` and its derivative, from exponentials of what is negative only. */
const SIGMOID = `
  fn sigmoid(x : T) -> T {
    let e = exp(-abs(x));
    return select(T(1.0), e, x < T(0.0)) / (1.0 + e);
  }
  fn sigmoidSlope(x : T) -> T {
    let e = exp(-abs(x));
    return e / ((1.0 + e) * (1.0 + e));
  }`;

const LOGISTIC = `${SIGMOID}
  fn weight(x : T) -> T { return sigmoid(x); }
  fn slope(x : T) -> T { return sigmoidSlope(x); }`;

/** `(1 + tanh u) / 2 = sigmoid(2u)` with `u = √(2/π) (x + 0.044715 x³)`. */
const LINEAR = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;
const NEARLY_NORMAL = `${SIGMOID}
  fn weight(x : T) -> T { return sigmoid(x * (${LINEAR} + ${LINEAR * CUBIC} * x * x)); }
  fn slope(x : T) -> T {
    let inner = x * (${LINEAR} + ${LINEAR * CUBIC} * x * x);
    return sigmoidSlope(inner) * (${LINEAR} + ${3 * LINEAR * CUBIC} * x * x);
  }`;

/** Adapters compute `tanh` as a quotient that is NaN for large `x`. Near 0 its series is nearer. */
const TANH = `${SIGMOID}
  fn value(x : T) -> T {
    let e = exp(-2.0 * abs(x));
    let size = (1.0 - e) / (1.0 + e);
    let far = select(size, -size, x < T(0.0));
    let near = x * (1.0 - x * x * (1.0 / 3.0 - x * x * (2.0 / 15.0)));
    return select(far, near, abs(x) < T(0.1));
  }
  fn derivative(x : T) -> T { return 4.0 * sigmoidSlope(2.0 * x); }`;
