/**
 * Draws images with a trained diffusion model.
 *
 *     deno task ddpm:sample --checkpoint runs/ddpm/<run>
 *     deno task ddpm:sample --checkpoint runs/ddpm/<run> --n 100 --sampler ddim --steps 100 --gif
 *
 * The drawing is in lib/generate/sample_task.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import {
  DIFFUSION_SAMPLE_OPTIONS,
  NO_LABELS,
  SAMPLE_OPTIONS,
} from "../lib/generate/sample_options.ts";
import { sampleTask } from "../lib/generate/sample_task.ts";

if (import.meta.main) {
  await runTask({
    name: "ddpm:sample",
    summary: "Draws images with a trained diffusion model.",
    examples: [
      "deno task ddpm:sample --checkpoint runs/ddpm/20261121-120000-1",
      "deno task ddpm:sample --checkpoint model.safetensors --n 100 --sampler ddim --steps 100 --gif",
    ],
    options: { ...SAMPLE_OPTIONS, ...DIFFUSION_SAMPLE_OPTIONS },
    absent: NO_LABELS,
  }, ({ options }) => sampleTask({ task: "ddpm:sample", models: ["ddpm"], options }));
}
