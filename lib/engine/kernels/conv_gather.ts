/**
 * Dispatching a convolution or the gradient of its input: the one gathering that both are.
 *
 * Two kinds of convolutions are matrix products as they lie in memory: those of single pixels, with a
 * 1×1 filter, and those of whole images, with a filter as large. The product's code takes them where
 * its lanes, which run along the channels, are busy; otherwise the gathering goes over one long row of
 * pixels, whose blocks are never cut off at the edge of an image.
 *
 * @module
 */

import type { TensorInfo } from "../../tensor.ts";
import { run, webgpuBackend } from "../program.ts";
import { withPadding } from "./padding.ts";
import { gathering } from "./conv_axes.ts";
import { gatherCode, gatherForm, readsTextures } from "./conv_gather_code.ts";
import { type ConvSizes, geometryKey } from "./conv_sizes.ts";
import { type Epilogue, epilogueKey, NO_EPILOGUE } from "./epilogue.ts";
import { lanes } from "./lanes.ts";
import { matMul } from "./mat_mul.ts";
import { runInto, type Shader } from "./several.ts";

/**
 * Convolves images.
 *
 * @param x `(N, H, W, in)`.
 * @param filter `(kh, kw, in, out)`.
 * @param s Sizes.
 * @param epilogue What is done with the sums. @default nothing
 * @returns `(N, outH, outW, out)`.
 */
export function gatherForward(
  x: TensorInfo,
  filter: TensorInfo,
  s: ConvSizes,
  epilogue: Epilogue = NO_EPILOGUE,
): TensorInfo {
  const shape = [s.batchSize, s.outHeight, s.outWidth, s.outChannels];
  const isProduct = isPointwise(s) ? s.outChannels >= lanes() : coversImage(s);
  if (isProduct) {
    const M = s.batchSize * s.outHeight * s.outWidth;
    const sizes = { M, N: s.outChannels, K: weightsOf(s) / s.outChannels };
    const form = { transposeA: false, transposeB: false, epilogue };
    return matMul(x, filter, sizes, form, shape);
  }
  return gather(x, filter, isPointwise(s) ? oneRowPerImage(s) : s, "forward", epilogue, shape);
}

/**
 * The gradient of {@link gatherForward} with respect to `x`, which is a transposed convolution of
 * `dy`.
 *
 * @param dy `(N, outH, outW, out)`.
 * @param filter `(kh, kw, in, out)`.
 * @param s Sizes of the convolution.
 * @param epilogue What is done with the sums. @default nothing
 * @returns `(N, H, W, in)`.
 */
export function gatherBackward(
  dy: TensorInfo,
  filter: TensorInfo,
  s: ConvSizes,
  epilogue: Epilogue = NO_EPILOGUE,
): TensorInfo {
  const shape = [s.batchSize, s.inHeight, s.inWidth, s.inChannels];
  // A product would want a bias for each pixel and channel.
  const isProduct = isPointwise(s) ? s.inChannels >= lanes() : coversImage(s) && !epilogue.bias;
  if (isProduct) {
    const M = s.batchSize * s.outHeight * s.outWidth;
    const sizes = { M, N: weightsOf(s) / s.outChannels, K: s.outChannels };
    const form = { transposeA: false, transposeB: true, epilogue };
    return matMul(dy, filter, sizes, form, shape);
  }
  const sizes = isPointwise(s) ? oneRowPerImage(s) : coversImage(s) ? oneRowOfAll(s) : s;
  return gather(dy, filter, sizes, "backward", epilogue, shape);
}

function gather(
  source: TensorInfo,
  filter: TensorInfo,
  s: ConvSizes,
  direction: "forward" | "backward",
  epilogue: Epilogue,
  outputShape: readonly number[],
): TensorInfo {
  const { bias } = epilogue;
  const g = gathering(s, direction);
  const form = gatherForm(g);
  if (readsTextures(form)) {
    const result = webgpuBackend().makeTensorInfo([...outputShape], "float32");
    const shader: Shader = {
      // How the source is read depends on the batch, which the geometry does not tell.
      key: `gather_textures_${direction}_${form.source}_${geometryKey(s)}${epilogueKey(epilogue)}`,
      inputs: {
        x: form.source === "numbers" ? "f32" : "texture",
        F: form.filterTexture ? "texture" : "f32",
        ...(bias && { bias: "f32" }),
      },
      outputs: { result: "f32" },
      uniforms: ["stretches"],
      code: gatherCode(g, form, epilogue),
    };
    withPadding(
      source,
      g.inner,
      form.inner,
      (x) =>
        withPadding(filter, s.outChannels, form.filterChannels[1], (F) => {
          const inputs = [x, F, ...(bias ? [bias] : [])];
          runInto(shader, inputs, [result], [form.stretches], form.blocks);
        }),
    );
    return result;
  }
  return run(
    {
      key: `inkling_gather_${direction}_${lanes()}_${geometryKey(s)}${epilogueKey(epilogue)}`,
      outputShape,
      inputs: ["x", "F", ...(bias ? ["bias"] : [])],
      components: [form.unroll, form.vectorWeights ? 4 : 1, ...(bias ? [1] : [])],
      uniforms: "stretches : i32,",
      workgroupSize: [lanes(), 1, 1],
      dispatch: [form.blocks, 1, 1],
      code: gatherCode(g, form, epilogue),
    },
    [source, filter, ...(bias ? [bias] : [])],
    [{ type: "int32", data: [form.stretches] }],
  );
}

function weightsOf({ filterHeight, filterWidth, inChannels, outChannels }: ConvSizes): number {
  return filterHeight * filterWidth * inChannels * outChannels;
}

/** Whether each output sees one pixel, and each pixel is seen by one output. */
function isPointwise(s: ConvSizes): boolean {
  return s.filterHeight === 1 && s.filterWidth === 1 && s.strideHeight === 1 &&
    s.strideWidth === 1 && s.outHeight === s.inHeight && s.outWidth === s.inWidth;
}

/** The same for a filter of one weight per pair of channels. */
function oneRowPerImage(s: ConvSizes): ConvSizes {
  const pixels = s.inHeight * s.inWidth;
  return { ...s, inHeight: 1, inWidth: pixels, outHeight: 1, outWidth: pixels };
}

/** Whether the filter is as large as the image, and there is one place to put it. */
function coversImage(s: ConvSizes): boolean {
  return s.filterHeight === s.inHeight && s.filterWidth === s.inWidth &&
    s.outHeight === 1 && s.outWidth === 1 && s.top === 0 && s.left === 0;
}

/**
 * The same for a filter as large as the image: the images are patches of one row, each with all of
 * its pixels in it, and the filter goes from patch to patch.
 */
function oneRowOfAll(s: ConvSizes): ConvSizes {
  const pixels = s.inHeight * s.inWidth;
  return {
    ...s,
    batchSize: 1,
    inHeight: 1,
    inWidth: s.batchSize * pixels,
    outHeight: 1,
    outWidth: s.batchSize,
    filterHeight: 1,
    filterWidth: pixels,
    strideHeight: 1,
    strideWidth: pixels,
  };
}
