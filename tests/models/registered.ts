/** The kernels that these networks need and that `openDevice()` does not register. @module */

import { tf } from "../../lib/deps.ts";
import { activationGradient, activationKernel } from "../../lib/engine/kernels/activations.ts";
import { attentionGradient, attentionKernel } from "../../lib/engine/kernels/attention.ts";
import { chunkGradient, chunkKernel } from "../../lib/engine/kernels/chunk.ts";
import { embeddingGradient, embeddingKernel } from "../../lib/engine/kernels/embedding.ts";
import { modulateGradient, modulateKernel } from "../../lib/engine/kernels/modulate.ts";

/** Registers them where they are missing. */
export function register(): void {
  const added = [
    [activationKernel, activationGradient],
    [attentionKernel, attentionGradient],
    [chunkKernel, chunkGradient],
    [embeddingKernel, embeddingGradient],
    [modulateKernel, modulateGradient],
  ] as const;
  for (const [kernel, gradient] of added) {
    if (tf.getKernel(kernel.kernelName, kernel.backendName)) continue;
    tf.registerKernel(kernel);
    tf.registerGradient(gradient);
  }
}
