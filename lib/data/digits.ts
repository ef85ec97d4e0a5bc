/** The 8x8 digits that are part of the project, so that everything runs without a download. @module */

import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import text from "../../data/digits.txt" with { type: "text" };
import { DIGITS } from "./catalog.ts";
import type { Dataset, ImageSet } from "./types.ts";

const COUNT = 1797;
const TRAIN = 1437;
const SIDE = 8;

/**
 * The 1797 digits of UCI's optical recognition test set, in scikit-learn's order, not shuffled: the
 * first 1437 to train, the last 360 (a fifth) to test.
 */
export async function digits(): Promise<Dataset> {
  const gzip = new Blob([Buffer.from(text, "base64")]);
  const unpacked = gzip.stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  return {
    name: "digits",
    train: slice(bytes, 0, TRAIN),
    test: slice(bytes, TRAIN, COUNT),
    maxValue: DIGITS.maxValue,
    classNames: DIGITS.classNames,
    sha256: { "digits.txt": createHash("sha256").update(text).digest("hex") },
    source: "embedded",
  };
}

function slice(bytes: Uint8Array, from: number, to: number): ImageSet {
  const pixels = SIDE * SIDE;
  return {
    images: bytes.slice(from * pixels, to * pixels),
    labels: bytes.slice(COUNT * pixels + from, COUNT * pixels + to),
    count: to - from,
    height: SIDE,
    width: SIDE,
  };
}
