/** From images to a trained machine: grouping by class, the pairs of classes, and their solutions. @module */

import type { ImageSet } from "../../data/types.ts";
import { DataError } from "../../errors.ts";
import { type KernelParameters, makeKernel } from "./kernel.ts";
import type { Model } from "./model.ts";
import {
  checkImages,
  type ResolvedOptions,
  resolveJobs,
  resolveOptions,
  type SVCOptions,
} from "./options.ts";
import { packRows } from "./packed.ts";
import { classPairs } from "./pairs.ts";
import { spreadJob } from "./pool.ts";
import type { Solution } from "./smo.ts";

const MEGABYTE = 2 ** 20;

/** What is known before the pairs of classes are solved. */
interface Grouped {
  /** The labels, ascending. */
  readonly classes: Uint8Array<ArrayBuffer>;
  /** The numbers of the images of each class, ascending. */
  readonly members: readonly number[][];
}

/**
 * Trains a machine.
 *
 * @throws {UsageError} When an option is out of range.
 * @throws {DataError} When the images cannot be learnt from, or not with such a kernel.
 */
export async function train(set: ImageSet, options: SVCOptions): Promise<Model> {
  checkImages(set);
  const grouped = group(set.labels);
  const resolved = resolveOptions(options, set);
  const { parameters, C, tol, cacheSize } = resolved;
  const features = set.height * set.width;
  checkKernel(set, parameters);
  const job = {
    kind: "training" as const,
    classes: grouped.members.map((indices) => packRows(set.images, features, indices)),
    parameters,
    C,
    tolerance: tol,
    cacheBytes: cacheSize * MEGABYTE,
  };
  const solutions = await spreadJob(job, classPairs(grouped.classes.length).length, {
    jobs: resolveJobs(options, set.count ** 2 * features),
    onProgress: options.onProgress,
  });
  return assemble(set, grouped, solutions, resolved);
}

/** Rows of the kernel are kept in float32, where a high power of a product may be infinite, or 0. */
function checkKernel({ images, height, width }: ImageSet, parameters: KernelParameters): void {
  if (parameters.kernel === "rbf") return;
  const features = height * width;
  let longest = 0;
  for (let first = 0; first < images.length; first += features) {
    let norm = 0;
    for (let i = first; i < first + features; i++) norm += images[i]! ** 2;
    longest = Math.max(longest, norm);
  }
  // A power is largest, and smallest, at the ends of what dot products there are.
  const norms = Int32Array.of(0, longest);
  const values = new Float64Array(2);
  makeKernel(parameters, features)(norms, norms, longest, values, 0);
  const [none, most] = values as unknown as [number, number];
  const { kernel, gamma, coef0, degree, scale } = parameters;
  const vanishes = coef0 === 0 && longest > 0 && Math.fround(most) === 0;
  if (Number.isFinite(Math.fround(none)) && Number.isFinite(Math.fround(most)) && !vanishes) return;
  const given = kernel === "poly"
    ? `gamma ${gamma}, coef0 ${coef0} and degree ${degree}`
    : `pixels times ${scale}`;
  throw new DataError(
    `Cannot train a support vector machine: its ${kernel} kernel must have values that float32 holds, ` +
      `got ${none} for images without ink in common and ${most} for the one with the most, with ` +
      `${given}. Change these.`,
  );
}

function group(labels: Uint8Array): Grouped {
  const classes = Uint8Array.from(new Set(labels)).sort();
  if (classes.length < 2) {
    throw new DataError(
      "Cannot train a support vector machine: it learns to tell classes apart and needs two or " +
        `more, got only the label ${classes[0]}. Add images of another class.`,
    );
  }
  const numbers = new Map([...classes].map((label, k) => [label, k]));
  const members = Array.from(classes, (): number[] => []);
  labels.forEach((label, i) => members[numbers.get(label)!]!.push(i));
  return { classes, members };
}

/** Keeps the images that support any decision, with their coefficients in each. */
function assemble(
  set: ImageSet,
  { classes, members }: Grouped,
  solutions: readonly Solution[],
  { parameters, C }: ResolvedOptions,
): Model {
  const pairs = classPairs(classes.length);
  // For each class and each other one: the coefficient of every image of the class.
  const coefficients = Array.from(classes, () => new Array<Float64Array>());
  solutions.forEach(({ beta }, pair) => {
    const [first, second] = pairs[pair]!;
    const count = members[first]!.length;
    coefficients[first]!.push(beta.subarray(0, count));
    coefficients[second]!.push(beta.subarray(count));
  });
  const kept = members.map((images, k) =>
    images.map((_, t) => t).filter((t) => coefficients[k]!.some((beta) => beta[t] !== 0))
  );
  const support = Int32Array.from(kept.flatMap((rows, k) => rows.map((t) => members[k]![t]!)));
  const { images, height, width } = set;
  const pixels = height * width;
  const supportVectors = new Uint8Array(support.length * pixels);
  support.forEach((image, v) =>
    supportVectors.set(images.subarray(image * pixels, (image + 1) * pixels), v * pixels)
  );
  const dualCoef = Float64Array.from(
    Array.from(
      { length: classes.length - 1 },
      (_, line) => kept.flatMap((rows, k) => rows.map((t) => coefficients[k]![line]![t]!)),
    ).flat(),
  );
  return {
    parameters,
    C,
    height,
    width,
    classes,
    nSupport: Int32Array.from(kept, (rows) => rows.length),
    support,
    supportVectors,
    dualCoef,
    intercept: Float64Array.from(solutions, ({ intercept }) => intercept),
    metadata: {},
  };
}
