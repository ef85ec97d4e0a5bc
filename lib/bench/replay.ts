/** What replaying the MLP's training step costs the CPU, and whether memory stays flat. @module */

import { TrainingError } from "../errors.ts";
import { compiledTraining, STEPS_PER_SUBMIT } from "./compiled_training.ts";
import { backend } from "../engine/backend.ts";
import { countOnce, watch } from "./counts.ts";
import type { Measurement, Probe } from "./probe.ts";
import { milliseconds, summary } from "./stopwatch.ts";
import { buildMLP, noiseImages, WITH_ADAM } from "./workload.ts";

/** Steps until memory has settled, or fewer where the replay itself is short. */
const WARM_UP = 1000;
/** Submits of the one and of the other length that are timed. */
const SUBMITS = 40;
/** Steps between two looks at the memory. */
const STEPS_PER_LOOK = 1000;

async function withTraining(
  total: number,
  measure: (run: (count: number) => Promise<Float32Array>, dispatches: number) => Promise<
    Measurement[]
  >,
): Promise<Measurement[]> {
  const training = compiledTraining(buildMLP(), WITH_ADAM, noiseImages(), total);
  try {
    await training.step.run(3);
    const { dispatches } = training.step.stats!;
    return await measure((count) => training.step.run(count), dispatches);
  } finally {
    training.dispose();
  }
}

/** Host time and creations. */
export const replayCost: Probe = {
  name: "replay cost",
  measure: ({ effort }) =>
    withTraining(10_000, async (run, dispatches) => {
      const { creations } = await countOnce(async (times) => void await run(times));
      const one: number[] = [];
      const many: number[] = [];
      const submits = effort.minRounds < 5 ? SUBMITS / 4 : SUBMITS;
      for (let i = 0; i < submits; i++) {
        one.push(await submitTime(() => run(1)));
        many.push(await submitTime(() => run(STEPS_PER_SUBMIT)));
      }
      // The difference leaves out what a submit costs by itself.
      const perStep = (summary(many).median - summary(one).median) / (STEPS_PER_SUBMIT - 1);
      return [
        { name: "host time per replayed dispatch", value: perStep * 1000 / dispatches, unit: "us" },
        { name: "dispatches per replayed step", value: dispatches, unit: "" },
        { name: "creations per replayed step", value: creations, unit: "" },
      ];
    }),
};

/** Milliseconds from the call of `run` until its first submit is handed over; then lets it end. */
async function submitTime(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  let elapsed: number | undefined;
  const restore = watch(backend().queue, "submit", () => {
    elapsed ??= performance.now() - started;
  });
  await run();
  restore();
  return elapsed!;
}

/** Resident memory over many steps. */
export const longReplay: Probe = {
  name: "long replay",
  measure: ({ longSteps, device }) =>
    withTraining(longSteps + WARM_UP + 10, async (run) => {
      await run(Math.min(WARM_UP, longSteps));
      const start = megabytes();
      let peak = start;
      let loss = NaN;
      const elapsed = await milliseconds(async () => {
        for (let done = 0; done < longSteps; done += STEPS_PER_LOOK) {
          loss = (await run(Math.min(STEPS_PER_LOOK, longSteps - done))).at(-1)!;
          peak = Math.max(peak, megabytes());
          device.check();
        }
      });
      if (!Number.isFinite(loss)) {
        throw new TrainingError(`Cannot trust the replay: its loss must be finite, got ${loss}`);
      }
      const name = `replay of ${longSteps} steps`;
      return [
        { name: `${name}: memory at the start`, value: start, unit: "MB" },
        { name: `${name}: memory at the end`, value: megabytes(), unit: "MB" },
        { name: `${name}: most memory`, value: peak, unit: "MB" },
        { name: `${name}: time per step`, value: elapsed / longSteps, unit: "ms" },
      ];
    }),
};

function megabytes(): number {
  return Deno.memoryUsage().rss / 1e6;
}
