/** A row of the bench that compares training steps. @module */

import type { CommandTime } from "../engine/profile.ts";
import { DeviceError } from "../errors.ts";
import type { CompiledTraining } from "./compiled_training.ts";
import type { Contest, PreparedPair } from "./contest.ts";
import type { StockTraining } from "./stock_training.ts";

/** Steps until everything is compiled, recorded and allocated; their losses are compared. */
export const WARM_UP = 3;
/** How far losses may lie apart: sums of float32 in another order, over a few steps. */
const TOLERANCE = 1e-3;
/** More steps than a comparison takes. */
export const MAX_STEPS = 50_000;

/** The same training twice, from the same weights, over the same batches. */
export interface BothTrainings {
  /** In plain tfjs; it keeps {@link WARM_UP} losses. */
  readonly stock: StockTraining;
  /** This library's, of {@link MAX_STEPS} steps. */
  readonly compiled: CompiledTraining;
}

/** The row of a training step: both sides are warm when their losses were found to agree. */
export function stepContest(name: string, makeBoth: () => BothTrainings): Contest {
  return {
    name,
    async prepare(): Promise<PreparedPair> {
      const { stock, compiled } = makeBoth();
      const dispose = () => {
        compiled.dispose();
        stock.dispose();
      };
      try {
        await stock.run(WARM_UP);
        requireAgreement(await stock.losses(), await compiled.step.run(WARM_UP));
      } catch (error) {
        dispose();
        throw error;
      }
      const ours = async (times: number) => void await compiled.step.run(times);
      return { stock: stock.run, ours, dispose };
    },
    async profile(): Promise<readonly CommandTime[]> {
      const { stock, compiled } = makeBoth();
      try {
        await compiled.step.run(WARM_UP);
        return await compiled.step.profile();
      } finally {
        compiled.dispose();
        stock.dispose();
      }
    },
  };
}

/**
 * Times of two things that do not compute the same mean nothing.
 *
 * @throws {DeviceError} When losses of the same step lie too far apart.
 */
export function requireAgreement(
  theirs: readonly number[],
  ours: Float32Array,
  peer = "stock tfjs",
): void {
  const differs = [...ours].findIndex((loss, i) => !(Math.abs(loss - theirs[i]!) <= TOLERANCE));
  if (differs < 0) return;
  throw new DeviceError(
    `Cannot compare: the losses of step ${differs + 1} must agree to ${TOLERANCE}, ` +
      `got ${theirs[differs]} with ${peer} and ${ours[differs]} with ours. ` +
      "One of them is wrong on this adapter; `deno task doctor` looks closer.",
  );
}
