/**
 * Draws images with a trained GAN.
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
