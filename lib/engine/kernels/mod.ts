/**
 * The kernels that take the place of stock tfjs ones, and the way back; and the kernels of our own.
 *
 * @module
 */

import { tf } from "../../deps.ts";
import { activationGradient, activationKernel } from "./activations.ts";
import { attentionGradient, attentionKernel } from "./attention.ts";
import { avgPoolGradKernel, avgPoolKernel } from "./avg_pool.ts";
import { batchNormGradient, batchNormKernel } from "./batch_norm.ts";
import { chunkGradient, chunkKernel } from "./chunk.ts";
import { classTokenGradient, classTokenKernel } from "./class_token.ts";
import { conv2dBackpropInputKernel, conv2dKernel, fusedConv2dKernel } from "./conv2d.ts";
import { conv2dBackpropFilterKernel } from "./conv2d_backprop_filter.ts";
import { conv2dLayerGradient, conv2dLayerKernel } from "./conv2d_layer.ts";
import { convTranspose2dGradient, convTranspose2dKernel } from "./conv_transpose2d.ts";
import { embeddingGradient, embeddingKernel } from "./embedding.ts";
import { gatedResidualGradient, gatedResidualKernel } from "./gated_residual.ts";
import { linearGradient, linearKernel } from "./linear.ts";
import { fusedMatMulKernel, matMulKernel } from "./mat_mul.ts";
import { matMulGradient } from "./mat_mul_gradient.ts";
import {
  maxPoolGradKernel,
  maxPoolKernel,
  reluMaxPoolGradient,
  reluMaxPoolKernel,
} from "./max_pool_kernels.ts";
import { modulateGradient, modulateKernel } from "./modulate.ts";
import {
  rowNormGradient,
  rowNormKernel,
  scaledRowNormGradient,
  scaledRowNormKernel,
} from "./row_norm.ts";
import type { KernelConfig } from "../../tensor.ts";

/** Makes a kernel that may hand over to the stock kernel whose place it takes. */
export type KernelMaker = (stock: KernelConfig) => KernelConfig;

const KERNELS: Readonly<Record<string, KernelMaker>> = {
  AvgPool: avgPoolKernel,
  AvgPoolGrad: avgPoolGradKernel,
  BatchMatMul: matMulKernel,
  Conv2D: conv2dKernel,
  Conv2DBackpropFilter: conv2dBackpropFilterKernel,
  Conv2DBackpropInput: conv2dBackpropInputKernel,
  FusedConv2D: fusedConv2dKernel,
  MaxPool: maxPoolKernel,
  MaxPoolGrad: maxPoolGradKernel,
  _FusedMatMul: fusedMatMulKernel,
};

/** Kernels that tfjs does not have, with their gradients. */
const ADDED: readonly (readonly [KernelConfig, tf.GradConfig])[] = [
  [activationKernel, activationGradient],
  [attentionKernel, attentionGradient],
  [batchNormKernel, batchNormGradient],
  [chunkKernel, chunkGradient],
  [classTokenKernel, classTokenGradient],
  [conv2dLayerKernel, conv2dLayerGradient],
  [convTranspose2dKernel, convTranspose2dGradient],
  [embeddingKernel, embeddingGradient],
  [gatedResidualKernel, gatedResidualGradient],
  [linearKernel, linearGradient],
  [modulateKernel, modulateGradient],
  [reluMaxPoolKernel, reluMaxPoolGradient],
  [rowNormKernel, rowNormGradient],
  [scaledRowNormKernel, scaledRowNormGradient],
];

/** tfjs's own kernels while ours are in their place. */
const replaced = new Map<string, KernelConfig>();

/**
 * Puts this project's kernels in the place of tfjs's own of the same names, and adds those that tfjs
 * does not have. Does nothing when they are there already.
 */
export function registerKernels(): void {
  if (replaced.size > 0) return;
  // In the place of tfjs's own, which is wrong where outer axes broadcast; it fits stock kernels too.
  tf.registerGradient(matMulGradient);
  for (const [kernel, gradient] of ADDED) {
    // They stay when stock kernels are put back.
    if (tf.getKernel(kernel.kernelName, kernel.backendName)) continue;
    tf.registerKernel(kernel);
    tf.registerGradient(gradient);
  }
  for (const [name, make] of Object.entries(KERNELS)) {
    const stock = tf.getKernel(name, "webgpu");
    replaced.set(name, stock);
    replace(make(stock));
  }
}

/** Puts tfjs's own kernels back, to measure ours against. Does nothing when they are in place. */
export function useStockKernels(): void {
  for (const stock of replaced.values()) replace(stock);
  replaced.clear();
}

function replace(kernel: KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}
