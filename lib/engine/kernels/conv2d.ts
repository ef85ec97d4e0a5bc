/**
 * Convolution and the gradient of its input, as tfjs knows them.
 *
 * `y[b, oh, ow, co] = Σ_{kh, kw, ci} x[b, oh·s + kh − p, ow·s + kw − p, ci] · F[kh, kw, ci, co]`
 *
 * `dx[b, h, w, ci] = Σ_{kh, kw, co} dy[b, (h + p − kh) / s, (w + p − kw) / s, co] · F[kh, kw, ci, co]`,
 * over the places of the filter where the quotients are whole and in the image.
 *
 * @module
 */

import type { KernelConfig, TensorInfo } from "../../tensor.ts";
import { gatherBackward, gatherForward } from "./conv_gather.ts";
import { type ConvAttributes, convInfo } from "./conv_sizes.ts";
import { readEpilogue } from "./epilogue.ts";

/** The kernel of `tf.conv2d`; `stock` computes what this one leaves alone. */
export function conv2dKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { x, filter } = args.inputs as { x: TensorInfo; filter: TensorInfo };
      const sizes = convInfo(x.shape, filter.shape, args.attrs as unknown as ConvAttributes);
      return sizes === undefined ? stock.kernelFunc(args) : gatherForward(x, filter, sizes);
    },
  };
}

/** The kernel of `tf.fused.conv2d`; `stock` computes what this one leaves alone. */
export function fusedConv2dKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { x, filter } = args.inputs as { x: TensorInfo; filter: TensorInfo };
      const sizes = convInfo(x.shape, filter.shape, args.attrs as unknown as ConvAttributes);
      const epilogue = readEpilogue(args.inputs, args.attrs ?? {}, filter.shape[3]!);
      if (sizes === undefined || epilogue === undefined) return stock.kernelFunc(args);
      return gatherForward(x, filter, sizes, epilogue);
    },
  };
}

/**
 * The kernel of the input gradient, which is `tf.conv2dTranspose` too; `stock` computes what this one
 * leaves alone.
 */
export function conv2dBackpropInputKernel(stock: KernelConfig): KernelConfig {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo };
      const attributes = args.attrs as unknown as ConvAttributes & { inputShape: number[] };
      const sizes = convInfo(attributes.inputShape, filter.shape, attributes);
      return sizes === undefined ? stock.kernelFunc(args) : gatherBackward(dy, filter, sizes);
    },
  };
}
