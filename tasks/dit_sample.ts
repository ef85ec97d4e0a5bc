/**
 * Draws digits by class with a trained diffusion transformer.
 *
 *     deno task dit:sample                            with the network that ships with the project
 *     deno task dit:sample --labels 2,0,2,6 --gif     these digits, and the way to them
 *     deno task dit:sample --checkpoint runs/dit/<run>
 *
 * The network that ships is a dit-light, trained on MNIST by `deno task dit --recipe best`;
 * data/checkpoints/dit-light-mnist.json says how.
 *
 * @module
 */

import shipped from "../data/checkpoints/dit-light-mnist.txt" with { type: "text" };
import { runTask } from "../lib/cli.ts";
import {
  DIFFUSION_SAMPLE_OPTIONS,
  LABEL_SAMPLE_OPTIONS,
  SAMPLE_OPTIONS,
} from "../lib/generate/sample_options.ts";
import { sampleTask } from "../lib/generate/sample_task.ts";
import { type DiTPresetName, ditPresets } from "../lib/models/dit_presets.ts";

if (import.meta.main) {
  await runTask({
    name: "dit:sample",
    summary:
      "Draws digits by class with a trained diffusion transformer: without --checkpoint with the small " +
      "one that ships with the project, trained on MNIST.",
    examples: [
      "deno task dit:sample",
      "deno task dit:sample --labels 2,0,2,6 --gif",
      "deno task dit:sample --checkpoint runs/dit/20261121-120000-1 --n 100 --guidance 1.5",
    ],
    options: { ...SAMPLE_OPTIONS, ...LABEL_SAMPLE_OPTIONS, ...DIFFUSION_SAMPLE_OPTIONS },
  }, ({ options }) =>
    sampleTask({
      task: "dit:sample",
      models: Object.keys(ditPresets) as DiTPresetName[],
      shipped: { name: "dit-light-mnist", base64: shipped },
      options,
    }));
}
