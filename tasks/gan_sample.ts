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
import { SAMPLE_OPTIONS } from "../lib/generate/sample_options.ts";
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
  }, ({ options }) => sampleTask({ task: "gan:sample", models: ["gan"], options }));
}
