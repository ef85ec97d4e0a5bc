/**
 * Draws images with a trained GAN.
 *
 *     deno task gan:sample --checkpoint runs/gan/<run>
 *     deno task gan:sample --checkpoint runs/gan/<run> --n 100 --singles
 *
 * The drawing is in lib/generate/sample_task.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { NO_LABELS, SAMPLE_OPTIONS } from "../lib/generate/sample_options.ts";
import { sampleTask } from "../lib/generate/sample_task.ts";

if (import.meta.main) {
  await runTask({
    name: "gan:sample",
    summary: "Draws images with a trained GAN.",
    examples: [
      "deno task gan:sample --checkpoint runs/gan/20261121-120000-1",
      "deno task gan:sample --checkpoint model.safetensors --n 100 --singles",
    ],
    options: SAMPLE_OPTIONS,
    absent: {
      ...NO_LABELS,
      sampler: "a GAN draws in one pass",
      steps: "a GAN draws in one pass",
      gif: "a GAN draws in one pass, there is no way to film",
    },
  }, ({ options }) => sampleTask({ task: "gan:sample", models: ["gan"], options }));
}
