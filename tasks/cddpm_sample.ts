/**
 * Draws images by class with a trained diffusion model.
 *
 *     deno task cddpm:sample --checkpoint runs/cddpm/<run>
 *     deno task cddpm:sample --checkpoint runs/cddpm/<run> --labels 7,7,3 --guidance 3
 *
 * The drawing is in lib/generate/sample_task.ts.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import {
  DIFFUSION_SAMPLE_OPTIONS,
  LABEL_SAMPLE_OPTIONS,
  SAMPLE_OPTIONS,
} from "../lib/generate/sample_options.ts";
import { sampleTask } from "../lib/generate/sample_task.ts";

if (import.meta.main) {
  await runTask(
    {
      name: "cddpm:sample",
      summary: "Draws images by class with a trained diffusion model.",
      examples: [
        "deno task cddpm:sample --checkpoint runs/cddpm/20261121-120000-1",
        "deno task cddpm:sample --checkpoint model.safetensors --labels 7,7,3 --guidance 3 --gif",
      ],
      options: { ...SAMPLE_OPTIONS, ...LABEL_SAMPLE_OPTIONS, ...DIFFUSION_SAMPLE_OPTIONS },
    },
    ({ options }) => sampleTask({ task: "cddpm:sample", models: ["cddpm", "cddpm-256"], options }),
  );
}
