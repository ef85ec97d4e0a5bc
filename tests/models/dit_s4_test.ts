/** The large diffusion transformers, whole: they compute what PyTorch's do. @module */

import { openDevice } from "../../lib/device.ts";
import { type DiTPresetName, ditPresets } from "../../lib/models/dit_presets.ts";
import { Random } from "../../lib/random.ts";
import own from "../fixtures/nn_dit_s4.json" with { type: "json" };
import shared from "../fixtures/nn_dit_s4_shared.json" with { type: "json" };
import { checkFirstPass, type DenoiserCase } from "./denoiser_case.ts";

await openDevice();

const MNIST = { height: 28, width: 28, channels: 1, classes: 10 };
const cases = { "dit-s4": own, "dit-s4-shared": shared };

for (const [name, c] of Object.entries(cases)) {
  Deno.test(`${name} computes what PyTorch does, and its gradients`, async () => {
    const network = ditPresets[name as DiTPresetName].build(MNIST, new Random(0));
    await checkFirstPass(network, c as unknown as DenoiserCase);
    network.dispose();
  });
}
