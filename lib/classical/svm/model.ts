/** What a trained support vector machine consists of, and its file. @module */

import { CheckpointError } from "../../errors.ts";
import { type AnyTensor, decodeTensors, encodeSafetensors } from "../../train/safetensors.ts";
import { type KernelParameters, KERNELS } from "./kernel.ts";
import { MAX_FEATURES } from "./packed.ts";
import { classPairs } from "./pairs.ts";

/** A trained machine, with LIBSVM's layout of the coefficients. */
export interface Model {
  /** The kernel. */
  readonly parameters: KernelParameters;
  /** What an error cost. */
  readonly C: number;
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
  /** The labels, ascending, shape `(classes)`. */
  readonly classes: Uint8Array;
  /** How many support vectors each class has, shape `(classes)`. */
  readonly nSupport: Int32Array;
  /** The numbers of the support vectors among the training images, shape `(vectors)`. */
  readonly support: Int32Array;
  /** The support vectors, class by class, shape `(vectors, height, width)`. */
  readonly supportVectors: Uint8Array;
  /**
   * `y α` of each support vector in its decisions against the other classes, these ascending, shape
   * `(classes − 1, vectors)`.
   */
  readonly dualCoef: Float64Array;
  /** The constant of each decision, shape `(classes · (classes − 1) / 2)`. */
  readonly intercept: Float64Array;
  /** Texts that the user keeps with it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What marks the files of this module, and the layout that they have. */
const FORMAT = "inkling-svc-1";
/** The metadata's name for {@link Model.parameters} and C. */
const PARAMETERS = "svc";

/** Encodes a model as a safetensors file; the same model gives the same bytes. */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const { parameters, C, height, width, intercept } = model;
  const classes = model.classes.length;
  const vectors = model.support.length;
  const tensors = new Map<string, AnyTensor>([
    ["dual_coef", { shape: [classes - 1, vectors], values: model.dualCoef }],
    ["intercept", { shape: [intercept.length], values: intercept }],
    ["support", { shape: [vectors], values: model.support }],
    ["n_support", { shape: [classes], values: model.nSupport }],
    ["classes", { shape: [classes], values: model.classes }],
    ["support_vectors", { shape: [vectors, height, width], values: model.supportVectors }],
  ]);
  const metadata = {
    ...model.metadata,
    format: FORMAT,
    [PARAMETERS]: JSON.stringify({ C, ...parameters }),
  };
  return encodeSafetensors({ tensors, metadata });
}

/**
 * Decodes a file of {@link encodeModel}.
 *
 * @param name What to call it in errors.
 * @throws {CheckpointError} When it is no such file or damaged.
 */
export function decodeModel(bytes: Uint8Array, name: string): Model {
  const { tensors, metadata: all } = decodeTensors(bytes, name);
  const { format, [PARAMETERS]: text = "", ...metadata } = all;
  if (format !== FORMAT) {
    throw new CheckpointError(
      `Cannot load ${name}: a support vector machine has the format ${FORMAT}, ` +
        `got ${JSON.stringify(format)}. Was it made by this project?`,
    );
  }
  const { C, ...parameters } = parseParameters(text);
  const [, height, width] = tensors.get("support_vectors")?.shape ?? [];
  const model = {
    parameters,
    C,
    height,
    width,
    classes: tensors.get("classes")?.values,
    nSupport: tensors.get("n_support")?.values,
    support: tensors.get("support")?.values,
    supportVectors: tensors.get("support_vectors")?.values,
    dualCoef: tensors.get("dual_coef")?.values,
    intercept: tensors.get("intercept")?.values,
    metadata,
  };
  if (!isModel(model)) {
    throw new CheckpointError(`Cannot load ${name}: its parts do not make a machine`);
  }
  return model;
}

function parseParameters(text: string): Partial<KernelParameters> & { C?: number } {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Whether what a file holds has the types and sizes of a model, and numbers that make sense. */
function isModel(value: { [K in keyof Model]: unknown }): value is Model {
  const { classes, nSupport, support, supportVectors, dualCoef, intercept } = value;
  const { kernel, gamma, coef0, degree, scale } = value.parameters as Partial<KernelParameters>;
  if (
    !(classes instanceof Uint8Array && nSupport instanceof Int32Array) ||
    !(support instanceof Int32Array && supportVectors instanceof Uint8Array) ||
    !(dualCoef instanceof Float64Array && intercept instanceof Float64Array)
  ) return false;
  const pixels = Number(value.height) * Number(value.width);
  const vectors = nSupport.reduce((a, b) => a + b, 0);
  return KERNELS.includes(kernel!) &&
    [gamma, coef0, degree, scale, value.C].every(Number.isFinite) &&
    classes.length > 1 && classes.every((label, k) => k === 0 || label > classes[k - 1]!) &&
    vectors > 0 && pixels > 0 && pixels <= MAX_FEATURES &&
    nSupport.length === classes.length && nSupport.every((n) => n >= 0) &&
    support.length === vectors && supportVectors.length === vectors * pixels &&
    dualCoef.length === (classes.length - 1) * vectors &&
    intercept.length === classPairs(classes.length).length;
}
