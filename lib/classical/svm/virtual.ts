/**
 * Virtual support vectors: what a machine leans on, moved by a pixel in each direction, teaches a
 * second machine that a digit stays the same when it is moved.
 *
 * Schölkopf, Burges, Vapnik: *Incorporating invariances in support vector learning machines*, 1996;
 * DeCoste, Schölkopf: *Training invariant support vector machines*, 2002.
 *
 * @module
 */

import { withShifts } from "../shifts.ts";
import type { SVCOptions } from "./options.ts";
import { SVC } from "./svm.ts";

/**
 * Trains a second machine on the support vectors of a first and on these moved by one pixel to the
 * left, right, top and bottom: five times as many images as the first has support vectors.
 *
 * @param svm The first machine.
 * @param options What the second does otherwise; kernel, gamma and C are those of the first unless
 * given. Its `support` are numbers of {@link withShifts} of the first one's `supportImages`.
 * @throws {UsageError} As {@link SVC.fit}.
 * @throws {DataError} As {@link SVC.fit}.
 */
export async function fitVirtual(svm: SVC, options: SVCOptions = {}): Promise<SVC> {
  return await SVC.fit(withShifts(svm.supportImages), {
    C: svm.C,
    ...svm.parameters,
    ...options,
  });
}
