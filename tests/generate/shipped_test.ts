/** The generator that ships with the project draws what it is asked for. @module */

import generator from "../../data/checkpoints/dit-light-mnist.txt" with { type: "text" };
import reader from "../../data/checkpoints/lenet5-mnist.txt" with { type: "text" };
import { openDevice } from "../../lib/device.ts";
import { decodeGenerator } from "../../lib/generate/checkpoint.ts";
import { diffusionDrawer, networkPlan } from "../../lib/generate/diffusion_drawer.ts";
import { judge } from "../../lib/generate/judge.ts";
import { DenoisingNetwork } from "../../lib/models/denoising_network.ts";
import { decodeClassifier } from "../../lib/train/classifier.ts";
import { assert } from "../deps.ts";

Deno.test("the LeNet-5 that ships reads the digits that the DiT that ships was asked for", async () => {
  await openDevice();
  const { network, info } = decodeGenerator(Uint8Array.fromBase64(generator), "dit-light-mnist");
  assert.ok(network instanceof DenoisingNetwork);
  const { shape, process } = info;
  const model = "dit-light";
  const labels = Array.from({ length: 30 }, (_, i) => i % 10);
  const drawer = diffusionDrawer(
    { model, network, shape, process: process! },
    networkPlan(model, process!),
    { count: labels.length, seed: 3, guidance: 2 },
  );
  const { images } = await drawer.sample({ labels });
  const { height, width } = shape;
  const classifier = await decodeClassifier(Uint8Array.fromBase64(reader), "lenet5-mnist");
  const { range } = process!;
  const { asked } = await judge(classifier, { images, height, width, range }, labels);
  assert.ok(asked! >= 0.9, `${asked}`);
  for (const part of [drawer, network, classifier]) part.dispose();
});
