/**
 * The recurrence of a gated recurrent unit over a whole sequence, differentiable: one dispatch
 * forward, one backward and what a linear layer's weights take.
 *
 * `r = σ(aᵣ + h Wᵣ + bᵣ)`, `z = σ(a_z + h W_z + b_z)`, `q = h Wₙ + bₙ`, `n = tanh(aₙ + r q)`,
 * `h ← (1 − z) n + z h`, with PyTorch's order of gates. What the input adds, `a`, is computed before,
 * for all steps in one product.
 *
 * Reference: Cho et al. 2014, <https://arxiv.org/abs/1406.1078>, with the reset gate behind the
 * product, as in <https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html>.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import type { Tensor, TensorInfo } from "../../tensor.ts";
import { isTaped, unwritten } from "../tape.ts";
import { gruBackward } from "./gru_backward.ts";
import { gruForward } from "./gru_forward.ts";
import { writeGradients } from "./linear_gradient.ts";

/** Options of {@link gru}. */
export interface GruOptions {
  /** The state before the first step, `(N, H)`. @default zeros */
  readonly initial?: Tensor | undefined;
  /** Whether only the state after the last step is wanted. @default false */
  readonly last?: boolean;
}

/**
 * Runs the recurrence.
 *
 * @param projected What the input adds to the gates r, z and n, `(N, T, 3H)`.
 * @param weight What the state is multiplied by, `(H, 3H)`.
 * @param bias What is added to that, `(3H)`.
 * @param options Initial state, and whether all states are wanted.
 * @returns The state after each step, `(N, T, H)`, or after the last one, `(N, H)`.
 * @throws {RangeError} When there are no steps, shapes do not go together, or a gradient of the
 *   gradient is asked for.
 */
export function gru(
  projected: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: GruOptions = {},
): Tensor {
  const { initial, last = false } = options;
  check(projected, weight, bias, initial);
  const [count, steps] = projected.shape as [number, number];
  const hidden = weight.shape[0]!;
  const outputShape = last ? [count, hidden] : [count, steps, hidden];
  if (count === 0) return tf.zeros(outputShape);

  const recurrence = tf.customGrad((...args) => {
    const [inputs, save] = [args.slice(0, -1) as Tensor[], args.at(-1) as unknown as Save];
    const [projected, weight, bias, initial] = inputs as [Tensor, Tensor, Tensor, Tensor?];
    const output = unwritten(outputShape);
    const previous = unwritten([count, steps, hidden]);
    const gates = unwritten([count, steps, 4 * hidden]);
    gruForward({ projected, weight, bias, initial }, { output, previous, gates });
    save([previous, gates, weight]);
    return {
      value: output,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        gradients(dy, saved as [Tensor, Tensor, Tensor], initial !== undefined),
    };
  });
  return recurrence(projected, weight, bias, ...(initial ? [initial] : []));
}

/** Keeps tensors for the gradient. */
type Save = (tensors: Tensor[]) => void;

function gradients(
  dy: Tensor,
  [previous, gates, weight]: [Tensor, Tensor, Tensor],
  toInitial: boolean,
): Tensor[] {
  if (isTaped()) {
    throw new RangeError(
      "Cannot differentiate a GRU twice: its gradient has no gradient. Compute the recurrence with " +
        "tfjs's own operations for that",
    );
  }
  const [count, steps, hidden] = previous.shape as [number, number, number];
  const [projected, recurrent, initial] = [
    unwritten([count, steps, 3 * hidden]),
    unwritten([count, steps, 3 * hidden]),
    unwritten([count, hidden]),
  ];
  gruBackward({ dy, previous, gates, weight }, { projected, recurrent, initial }, toInitial);
  const results = { weight: unwritten(weight.shape), bias: unwritten([3 * hidden]) };
  writeGradients(rowsOf(recurrent), undefined, rowsOf(previous), weight, results);
  return [projected, results.weight, results.bias, ...(toInitial ? [initial] : [])];
}

/** `(N, T, C)` as `(N T, C)`. */
function rowsOf({ dataId, shape, dtype }: TensorInfo): TensorInfo {
  const [count, steps, columns] = shape as [number, number, number];
  return { dataId, shape: [count * steps, columns], dtype };
}

function check(projected: Tensor, weight: Tensor, bias: Tensor, initial: Tensor | undefined): void {
  const hidden = weight.shape[0]!;
  const [count, steps, columns] = projected.shape;
  const fits = projected.rank === 3 && columns === 3 * hidden && weight.shape[1] === columns &&
    bias.size === columns && (!initial || initial.shape.join() === `${count},${hidden}`);
  if (!fits) {
    const shapes = [projected, weight, bias, ...(initial ? [initial] : [])]
      .map(({ shape }) => `(${shape.join(", ")})`);
    throw new RangeError(
      "Cannot run a GRU: the shapes must be (N, T, 3H), (H, 3H), (3H) and (N, H), " +
        `got ${shapes.join(", ")}`,
    );
  }
  if (steps === 0 || hidden === 0) {
    throw new RangeError(
      "Cannot run a GRU: there must be one step and one unit or more, " +
        `got ${steps} steps and ${hidden} units`,
    );
  }
}
